import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../protocol/runConfig';
import { mediaFolder } from '../runs/media';
import { resolveConfig } from '../runs/presets';
import { bufferedIterations, checkpointDue, learnerSeat, type PlannedNegotiation, planIteration, playerName } from './plan';

const config = (preset: 'embedded' | 'paper', settings = {}): RunConfig =>
  resolveConfig(mediaFolder(__dirname), {
    game: 'trust-and-split',
    algorithm: 'aa',
    seed: 1,
    preset,
    layers: [{ source: 'test', settings: { policy: 'embedded', iterations: 2000, ...settings } }],
  });
const trained = (plan: readonly PlannedNegotiation[]): number => plan.flatMap((negotiation) => negotiation.trained).filter(Boolean).length;
const snapshots = (plan: readonly PlannedNegotiation[]): number[] =>
  plan.flatMap(({ players }) => players.flatMap((player) => (player.kind === 'snapshot' ? [player.iteration] : [])));

describe('the plan of an iteration', () => {
  it('puts negotiations in consecutive groups, the last one shorter where they do not divide', () => {
    const groups = planIteration(config('embedded', { negotiations: 10, groupSize: 4 }), 1).map(({ group }) => group);
    expect(groups).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
  });

  it('trains both seats of the live policy with the buffer off: 128 sequences', () => {
    const plan = planIteration(config('embedded', { buffer: { enabled: false } }), 500);
    expect(trained(plan)).toBe(128);
    expect(snapshots(plan)).toEqual([]);
  });

  it('trains one seat a negotiation under the paper’s buffer, alternating by group: 64 sequences, from the first iteration on', () => {
    for (const iteration of [1, 5, 100]) {
      const plan = planIteration(config('paper'), iteration);
      expect(trained(plan)).toBe(64);
      for (const { group, trained: seats, players } of plan) {
        expect(seats).toEqual(group % 2 === 0 ? [true, false] : [false, true]);
        expect(players[group % 2]).toEqual({ kind: 'policy' });
      }
    }
  });

  it('draws a snapshot for about half of the negotiations, each for itself, under draw: negotiation', () => {
    let met = 0;
    let mixedGroups = 0;
    for (let iteration = 11; iteration < 211; iteration++) {
      const plan = planIteration(config('paper'), iteration);
      met += snapshots(plan).length;
      const first = plan.slice(0, 8).map(({ players }) => players.map(playerName).join());
      if (new Set(first).size > 1) mixedGroups++;
    }
    expect(met / (200 * 64)).toBeCloseTo(0.5, 1);
    expect(mixedGroups).toBeGreaterThan(150);
  });

  it('draws one snapshot a group under draw: group, and trains the live policy in both seats of the other groups', () => {
    let met = 0;
    for (let iteration = 11; iteration < 111; iteration++) {
      const plan = planIteration(config('embedded'), iteration);
      expect(new Set(snapshots(plan)).size).toBeLessThanOrEqual(1);
      for (let group = 0; group < 8; group++) {
        const members = plan.slice(group * 8, group * 8 + 8);
        expect(new Set(members.map(({ players }) => players.map(playerName).join())).size).toBe(1);
        const against = members[0]!.players.findIndex((player) => player.kind === 'snapshot');
        if (against >= 0) met++;
        expect(against).not.toBe(group % 2);
        expect(members[0]!.trained).toEqual(against < 0 ? [true, true] : against === 0 ? [false, true] : [true, false]);
      }
    }
    expect(met / 800).toBeCloseTo(0.5, 1);
  });

  it('keeps every snapshot: at iteration 1000 that of iteration 10 is still drawn, and at most 28 of them a time', () => {
    expect(bufferedIterations(config('paper'), 1000)).toHaveLength(99);
    expect(bufferedIterations(config('paper'), 10)).toEqual([]);
    expect(bufferedIterations(config('paper'), 11)).toEqual([10]);
    const drawn = new Set<number>();
    for (let iteration = 1000; iteration < 1100; iteration++) {
      const these = new Set(snapshots(planIteration(config('paper'), iteration)));
      expect(these.size).toBeLessThanOrEqual(28);
      for (const snapshot of these) drawn.add(snapshot);
    }
    expect(drawn).toContain(10);
    expect(Math.max(...drawn)).toBeLessThan(1100);
  });

  it('is a function of seed and iteration alone', () => {
    expect(planIteration(config('paper'), 77)).toEqual(planIteration(config('paper'), 77));
    expect(planIteration(config('paper'), 77)).not.toEqual(planIteration(config('paper'), 78));
  });

  it('seats a fixed opponent in every negotiation and trains the learner alone, its seat alternating by group', () => {
    for (const groupSize of [1, 8]) {
      const plan = planIteration(
        config('embedded', { opponent: '/runs/tas-aa@200', groupSize, negotiations: 24, buffer: { enabled: false } }),
        3,
      );
      expect(plan).toHaveLength(24);
      for (const negotiation of plan) {
        const seat = negotiation.group % 2 === 0 ? 0 : 1;
        expect(learnerSeat(negotiation)).toBe(seat);
        expect(negotiation.players.map(playerName)[seat]).toBe('policy');
        expect(negotiation.players.map(playerName)[1 - seat]).toBe('tas-aa@200');
        expect(negotiation.trained).toEqual(seat === 0 ? [true, false] : [false, true]);
      }
    }
    expect(planIteration(config('embedded'), 3).map(learnerSeat)).toEqual(new Array(64).fill(null));
  });

  it('leaves checkpoints at the start, at the end, when they are due, and where the buffer draws', () => {
    const due = (settings: object): number[] =>
      [...Array(24).keys()].filter((iteration) =>
        checkpointDue(config('embedded', { iterations: 23, checkpointEvery: 10, ...settings }), iteration),
      );
    expect(due({ buffer: { every: 7 } })).toEqual([0, 7, 10, 14, 20, 21, 23]);
    expect(due({ buffer: { enabled: false } })).toEqual([0, 10, 20, 23]);
  });
});
