import type { PreviewTurn } from '../protocol/trainer';
import { type PlannedNegotiation, playerName } from './plan';
import { type Tokenizers, tokenizerOf } from './rows';
import type { TurnListener } from './selfPlay';

/** Negotiations of an iteration whose turns are previewed: the first seed group's, at most so many. */
const PREVIEWED = 8;

/** Announces turns of the first seed group as they are taken. */
export function previewListener(
  iteration: number,
  plan: readonly PlannedNegotiation[],
  tokenizers: Tokenizers,
  onPreview: (turns: PreviewTurn[]) => void,
): TurnListener {
  const shown = plan.filter(({ group }) => group === 0).length;
  return (pending, texts, transcripts) => {
    const turns = pending.flatMap(({ negotiation, seat, turn, request }, i): PreviewTurn[] => {
      if (negotiation >= Math.min(shown, PREVIEWED)) return [];
      const said = transcripts[negotiation]![seat].turns.at(-1);
      const { group, players } = plan[negotiation]!;
      return [
        {
          iteration,
          group,
          negotiation,
          round: request.view.round,
          turn,
          seat,
          player: playerName(players[seat]),
          kind: request.kind,
          prompt: request.observation,
          text: texts[i]!,
          // A player without tokens of its own said its text all the same.
          tokenTexts: said ? tokenizerOf(players[seat], tokenizers).tokenTexts([...said.tokens]) : [],
          logProbs: said ? [...said.logProbs] : [],
        },
      ];
    });
    if (turns.length > 0) onPreview(turns);
  };
}
