import type { PlayedNegotiation } from '../../domain/rollout';
import { AGENT_NAMES, type Pair } from '../../domain/seat';
import type { TurnRow } from '../../protocol/rollouts';
import type { Player } from '../players/player';
import { NO_TOKENS, tokenColumns, UNTRAINED } from '../rows';
import type { SeatTranscript } from '../seats';

/**
 * A branch as rows of a rollout file, under the numbers of the negotiation that it leaves. Turns before it have the words,
 * tokens and sampling numbers of the original; credits it has none, since it trained nobody.
 * @param turn the branch's first own one
 */
export function branchRows(
  original: readonly TurnRow[],
  turn: number,
  { negotiation, turns }: PlayedNegotiation,
  players: Pair<Player>,
  transcripts: Pair<SeatTranscript | null>,
): TurnRow[] {
  const { iteration, seed_group, negotiation: number } = original[0]!;
  return turns.map((played) => {
    const { round, seat, kind } = played;
    const outcome = negotiation.rounds[round]!;
    const before = played.turn < turn ? original.find((row) => row.turn === played.turn) : undefined;
    const player = players[seat];
    const said = transcripts[seat]?.turns.find((each) => each.turn === played.turn);
    const own = said && player.kind === 'policy' ? tokenColumns(said, player.engine.tokenizer) : NO_TOKENS;
    return {
      ...UNTRAINED,
      ...{ iteration, seed_group, negotiation: number, round, seat, kind },
      turn: played.turn,
      agent: AGENT_NAMES[seat].toLowerCase(),
      player: before?.player ?? player.name,
      prompt: before?.prompt ?? played.observation,
      text: played.text,
      valid: played.valid,
      action: kind === 'action' ? JSON.stringify(outcome.actions[seat]) : null,
      deal: JSON.stringify(outcome.deal),
      reward: outcome.rewards[seat],
      share: JSON.stringify(outcome.shares[seat]),
      best_joint_reward: outcome.bestJointReward,
      ...(before ? sampled(before) : own),
    };
  });
}

/** The token columns that sampling left in a row. */
function sampled(row: TurnRow): ReturnType<typeof tokenColumns> {
  const { prompt_token_ids, token_ids, token_texts, log_probs, entropies, valid_mass, forced } = row;
  return { prompt_token_ids, token_ids, token_texts, log_probs, entropies, valid_mass, forced };
}
