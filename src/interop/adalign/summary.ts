import { loadIteration } from './iteration';
import { findIterations, listIteration, type Skipped } from './runFolder';

/** What a run folder of AdAlignLLM's holds, on main paths. */
export interface AdAlignSummary {
  readonly negotiations: number;
  /** Turns that an agent produced. */
  readonly assistantTurns: number;
  readonly producedTokens: number;
  /** Points, by agent. */
  readonly totalReward: Readonly<Record<string, number>>;
  /** Sum of log π of the sampling policy over all produced tokens, nats. */
  readonly logProbSum: number;
  readonly skipped: readonly Skipped[];
}

/**
 * Reads a whole run folder and sums it up.
 * @throws Error when there is no iteration in it
 */
export async function summarise(dir: string): Promise<AdAlignSummary> {
  const { iterations, skipped: beside } = await findIterations(dir);
  if (iterations.length === 0) {
    throw new Error(`${dir} holds no run of AdAlignLLM's: give a folder with seed_*/iteration_* in it, as its run.py writes`);
  }
  const totals = new Map<string, number>();
  const skipped: Skipped[] = [...beside];
  let negotiations = 0;
  let assistantTurns = 0;
  let producedTokens = 0;
  let logProbSum = 0;
  for (const folder of iterations) {
    const loaded = await loadIteration(await listIteration(folder));
    skipped.push(...loaded.skipped);
    for (const { tree, rounds, turns } of loaded.negotiations) {
      negotiations += 1;
      for (const { rewards } of rounds) {
        tree.agents.forEach((agent, seat) => {
          totals.set(agent, (totals.get(agent) ?? 0) + rewards[seat]!);
        });
      }
      for (const { chat, tokens, logProbs } of turns) {
        if (chat === null) continue;
        assistantTurns += 1;
        producedTokens += tokens.length;
        for (const logProb of logProbs) logProbSum += logProb;
      }
    }
  }
  return { negotiations, assistantTurns, producedTokens, totalReward: Object.fromEntries(totals), logProbSum, skipped };
}

/** A summary as a person reads it. */
export function summaryText(summary: AdAlignSummary): string {
  const rewards = Object.entries(summary.totalReward).map(([agent, points]) => `${agent} ${points.toFixed(2)}`);
  return [
    `${summary.negotiations} negotiations, ${summary.assistantTurns} turns, ${summary.producedTokens} produced tokens`,
    `total reward: ${rewards.join(', ') || 'none'}`,
    `sum of log-probabilities: ${summary.logProbSum.toFixed(4)} nats`,
    summary.skipped.length === 0 ? 'nothing skipped' : `skipped ${summary.skipped.length}:`,
    ...summary.skipped.map(({ file, reason }) => `  ${file} ${reason}`),
  ].join('\n');
}
