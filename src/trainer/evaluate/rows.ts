import { AGENT_NAMES } from '../../domain/seat';
import type { TurnRow } from '../../protocol/rollouts';
import type { Player } from '../players/player';
import { NO_TOKENS, tokenColumns, UNTRAINED } from '../rows';
import type { PlayedMatchup } from './matchups';

/**
 * A match-up's turns as rows of a rollout file, with the columns of a run's: by negotiation, then by turn.
 * @param number what stands for the iteration: the match-up's place among all, from 1.
 */
export function matchupRows(number: number, { negotiations }: PlayedMatchup, players: readonly Player[]): TurnRow[] {
  const rows: TurnRow[] = [];
  for (const [n, { negotiation, turns, group, seated, transcripts, references }] of negotiations.entries()) {
    const spoken: [number, number] = [0, 0];
    for (const { turn, round, seat, kind, observation, text, valid } of turns) {
      const outcome = negotiation.rounds[round]!;
      const player = players[seated[seat]]!;
      const at = spoken[seat]++;
      const tokens = transcripts[seat]?.turns[at];
      rows.push({
        ...UNTRAINED,
        iteration: number,
        seed_group: group,
        negotiation: n,
        round,
        turn,
        seat,
        agent: AGENT_NAMES[seat].toLowerCase(),
        player: player.name,
        kind,
        prompt: observation,
        text,
        valid,
        action: kind === 'action' ? JSON.stringify(outcome.actions[seat]) : null,
        deal: JSON.stringify(outcome.deal),
        reward: outcome.rewards[seat],
        share: JSON.stringify(outcome.shares[seat]),
        best_joint_reward: outcome.bestJointReward,
        ...(tokens && player.kind === 'policy' ? tokenColumns(tokens, player.engine.tokenizer) : NO_TOKENS),
        reference_log_probs: [...(references[seat]?.[at] ?? [])],
      });
    }
  }
  return rows;
}
