import type { MatchupsFile } from '../../src/protocol/matchups';
import { MATCHUPS_FORMAT } from '../../src/protocol/matchups';
import { policyOf, type WorldRun } from './worldPlay';

type Policy = readonly [start: number, CC: number, CD: number, DC: number, DD: number];

const aa: WorldRun = { id: 'ipd-aa', game: 'ipd', algorithm: 'aa', seed: 0, iterations: 200 };
const POLICIES: Readonly<Record<string, Policy>> = {
  seed: [0.6, 0.68, 0.36, 0.6, 0.34],
  'ipd-rl@200': policyOf({ ...aa, algorithm: 'rl' }, 200),
  'ipd-aa@100': policyOf(aa, 100),
  'ipd-aa@200': policyOf(aa, 200),
  'ipd-sum@200': policyOf({ ...aa, algorithm: 'sum' }, 200),
  'scripted:tit-for-tat': [1, 1, 0, 1, 0],
  'scripted:always-defect': [0, 0, 0, 0, 0],
};

/**
 * Match-ups of memory-one policies in the Iterated Prisoner's Dilemma, computed exactly over ten rounds.
 * @param unplayed cells at the end that have not been played yet.
 */
export function sampleMatchups(unplayed = 0): MatchupsFile {
  const players = Object.keys(POLICIES);
  const cells = players.map((row) => players.map((col) => meeting(POLICIES[row]!, POLICIES[col]!)));
  const played = (row: number, col: number): boolean => row * players.length + col < players.length ** 2 - unplayed;
  const square = <T>(read: (cell: ReturnType<typeof meeting>) => T): (T | null)[][] =>
    cells.map((line, row) => line.map((cell, col) => (played(row, col) ? read(cell) : null)));
  return {
    format: MATCHUPS_FORMAT,
    created: '2026-11-27T10:00:00.000Z',
    parley: '0.1.0',
    game: 'ipd',
    rules: {},
    seed: 0,
    negotiations: 256,
    level: 0.95,
    players,
    members: {},
    meanReward: square(({ rewards }) => rewards[0]),
    low: square(({ rewards }) => rewards[0] - 0.06),
    high: square(({ rewards }) => rewards[0] + 0.06),
    measures: square(({ rewards, cooperation }) => ({
      meanReward: rewards,
      jointReward: rewards[0] + rewards[1],
      efficiency: (rewards[0] + rewards[1]) / 6,
      cooperationRate: cooperation,
      validMass: null,
      entropy: null,
      kl: null,
    })),
    invalid: square(() => 0),
    usage: {},
    rollouts: [],
  };
}

/** Mean points a round of both, and the first one's share of cooperation. */
function meeting(first: Policy, second: Policy): { readonly rewards: [number, number]; readonly cooperation: number } {
  let [both, only, other, none] = joint(first[0], second[0]);
  const sums = [0, 0, 0] as [number, number, number];
  for (let round = 0; round < 10; round++) {
    sums[0] += (3 * both + 5 * other + none) / 10;
    sums[1] += (3 * both + 5 * only + none) / 10;
    sums[2] += (both + only) / 10;
    const next = [0, 0, 0, 0] as [number, number, number, number];
    for (const [share, own, theirs] of [
      [both, first[1], second[1]],
      [only, first[2], second[3]],
      [other, first[3], second[2]],
      [none, first[4], second[4]],
    ] as const) {
      joint(own, theirs).forEach((part, state) => {
        next[state] = (next[state] ?? 0) + share * part;
      });
    }
    [both, only, other, none] = next;
  }
  return { rewards: [sums[0], sums[1]], cooperation: sums[2] };
}

/** Probabilities of both, the first alone, the second alone and nobody cooperating. */
function joint(a: number, b: number): [number, number, number, number] {
  return [a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)];
}
