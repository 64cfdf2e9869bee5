import { defaultGameSettings, games } from '../../domain/games';
import type { GameId } from '../../domain/games/game';
import { pretrainingPlayer } from '../../domain/players';
import type { Random } from '../../domain/random';
import { play } from '../../domain/rollout';
import { SEATS } from '../../domain/seat';
import { crossEntropySequence } from '../../engine/crossEntropy';
import type { Tokenizer, TrainSequence } from '../../engine/engine';
import type { Lessons } from './schedule';

/**
 * Transcripts of noisy scripted players in self-play, both seats of each negotiation, as sequences whose every
 * produced token counts alike. Short prompts; half of the IPD negotiations name the round.
 */
export async function transcripts(
  game: GameId,
  { negotiations, mix, rounds }: Lessons,
  tokenizer: Tokenizer,
  random: Random,
): Promise<TrainSequence[]> {
  const own = defaultGameSettings(game);
  const defaults = { ...own, rounds: rounds ?? own.rounds };
  const tables = Array.from({ length: negotiations }, (_, n) => {
    const stream = random.fork('negotiation', n);
    const settings = game === 'ipd' ? { ...defaults, showRound: n % 2 === 0 } : defaults;
    return {
      position: games[game].start(settings, stream.fork('deal')),
      players: SEATS.map((seat) => pretrainingPlayer(game, stream.fork('player', seat), mix)),
      draws: SEATS.map((seat) => stream.fork('draws', seat)),
    };
  });
  const played = await play(
    tables.map((table) => table.position),
    async (pending) =>
      pending.map(({ negotiation, seat, turn, request }) => {
        const { players, draws } = tables[negotiation]!;
        return players[seat]!.reply(request, draws[seat]!.fork(turn));
      }),
  );
  return played.flatMap(({ turns }) =>
    SEATS.map((seat) =>
      sequence(
        turns.filter((turn) => turn.seat === seat),
        tokenizer,
      ),
    ),
  );
}

/** One seat's transcript. */
function sequence(
  turns: readonly { readonly observation: string; readonly text: string; readonly kind: 'message' | 'action' }[],
  tokenizer: Tokenizer,
): TrainSequence {
  const tokens: number[] = [];
  const positions: number[] = [];
  for (const [i, { observation, text, kind }] of turns.entries()) {
    tokens.push(...tokenizer.observe(observation, { first: i === 0, kind }));
    for (const token of replyTokens(text, tokenizer)) {
      positions.push(tokens.length);
      tokens.push(token);
    }
  }
  return crossEntropySequence(Int32Array.from(tokens), Int32Array.from(positions));
}

/** A reply's tokens with the stop token: the one path through a choice of one. */
function replyTokens(text: string, tokenizer: Tokenizer): number[] {
  const tokens: number[] = [];
  let state = text === '' ? null : tokenizer.constrain({ kind: 'choice', choices: [text] }).start;
  if (!state) return [tokenizer.stopToken];
  while (state) {
    const token = state.mask.allowed[0]!;
    tokens.push(token);
    state = state.after(token);
  }
  return tokens;
}
