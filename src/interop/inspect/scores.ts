import { AGENT_NAMES, SEATS } from '../../domain/seat';
import { actionCell, type TurnRow } from '../../protocol/rollouts';
import type { EvalSampleScore } from './format';

/**
 * A negotiation's scores by name: each agent's mean points a round, joint reward, efficiency, and in the IPD each agent's share of
 * cooperation. A negotiation without a finished round has none.
 */
export function scoresOf(turns: readonly TurnRow[], game: string): Readonly<Record<string, EvalSampleScore>> {
  const acts = turns.filter(({ kind }) => kind === 'action');
  const rounds = [...new Set(acts.map(({ round }) => round))].flatMap((round) => {
    const both = SEATS.map((seat) => acts.find((row) => row.round === round && (row.seat === 0 ? 0 : 1) === seat));
    return both.every((row) => row !== undefined) ? [both as TurnRow[]] : [];
  });
  if (rounds.length === 0) return {};
  const scores: Record<string, EvalSampleScore> = {};
  for (const seat of SEATS) {
    const rewards = rounds.map((both) => both[seat]!.reward);
    scores[`reward_${AGENT_NAMES[seat].toLowerCase()}`] = { value: mean(rewards), explanation: 'points a round', metadata: { rewards } };
  }
  const joint = rounds.map((both) => both[0]!.reward + both[1]!.reward);
  scores.joint_reward = { value: mean(joint), explanation: 'points a round, both together' };
  const shares = rounds.flatMap((both, i) => (both[0]!.best_joint_reward > 0 ? [joint[i]! / both[0]!.best_joint_reward] : []));
  if (shares.length > 0) scores.efficiency = { value: mean(shares), explanation: 'joint reward / best possible joint reward' };
  if (game === 'ipd') {
    for (const seat of SEATS) {
      const name = `cooperation_${AGENT_NAMES[seat].toLowerCase()}`;
      scores[name] = { value: mean(rounds.map((both) => cooperates(both[seat]!))), explanation: 'share of rounds' };
    }
  }
  return scores;
}

function cooperates({ action }: TurnRow): number {
  const { data } = actionCell.safeParse(JSON.parse(action ?? 'null'));
  return data?.kind === 'choice' && data.choice === 'A' ? 1 : 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
