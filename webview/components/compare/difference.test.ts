import { describe, expect, it } from 'vitest';
import { negotiationOf, type WorldRun } from '../../../test/webview/world';
import { stepsOf, summary } from './difference';

const aa: WorldRun = { id: 'aa', game: 'trust-and-split', algorithm: 'aa', seed: 3, iterations: 400 };
const left = negotiationOf(aa, 120, 4)!.turns;
const right = negotiationOf({ ...aa, id: 'rl', algorithm: 'rl' }, 120, 4)!.turns;

describe('stepsOf', () => {
  it('pairs turns of the same round, seat and kind, and marks what differs', () => {
    const steps = stepsOf(left, right);
    expect(steps).toHaveLength(left.length);
    for (const step of steps) {
      expect([step.left!.round, step.left!.seat, step.left!.kind]).toEqual([step.right!.round, step.right!.seat, step.right!.kind]);
      expect(step.difference === 'same').toBe(step.left!.text === step.right!.text && step.left!.valid === step.right!.valid);
      if (step.difference === 'action') expect(step.left!.kind).toBe('action');
    }
  });
  it('finds nothing to mark against itself', () => {
    expect(stepsOf(left, left).every(({ difference }) => difference === 'same')).toBe(true);
    expect(summary(stepsOf(left, left))).toBe('Both policies said and did the same, to the letter.');
  });
  it('keeps turns that only one side has, in their round', () => {
    const short = stepsOf(left.slice(0, 6), right);
    expect(short).toHaveLength(right.length);
    expect(short.map((step) => (step.left ?? step.right)!.round)).toEqual(right.map(({ round }) => round));
    expect(short.slice(-1)[0]).toMatchObject({ left: null, difference: 'missing' });
  });
  it('sums up from where on they part', () => {
    expect(summary(stepsOf(left, right))).toMatch(/^They part in round \d+: \d+ of 20 actions and \d+ of 20 messages differ\.$/);
    expect(summary([])).toBe('');
  });
});
