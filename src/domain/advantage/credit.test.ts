import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Seat } from '../seat';
import { assignCredit, type Batch, type CreditSettings } from './credit';
import { explainCredit } from './explain';
import { push } from './push';
import type { Ledger } from './returns';

const points = fc.double({ min: -20, max: 20, noNaN: true });

/** Batches of up to 8 negotiations in groups of any size, and any settings. */
const cases = fc
  .record({
    negotiations: fc.integer({ min: 1, max: 8 }),
    rounds: fc.integer({ min: 1, max: 6 }),
    gamma: fc.double({ min: 0, max: 1, noNaN: true }),
    beta: fc.double({ min: -2, max: 3, noNaN: true }),
    rewardScale: fc.double({ min: 0.5, max: 100, noNaN: true }),
    algorithm: fc.constantFrom('rl', 'aa', 'aa-jit', 'sum'),
    baseline: fc.constantFrom('group', 'batch'),
    matchedGamma: fc.boolean(),
  })
  .chain(({ negotiations, rounds, ...settings }) => {
    const rows = fc.array(fc.array(points, { minLength: rounds, maxLength: rounds }), { minLength: negotiations, maxLength: negotiations });
    const groups = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: negotiations, maxLength: negotiations });
    return fc.record({
      batch: fc.record({ rewards: fc.tuple(rows, rows), groups }),
      settings: fc.constant<CreditSettings>(settings as CreditSettings),
    });
  });

/** Return by the definition: Σ_{k≥t} γ^{k−t} r_k. */
function literalReturn({ rewards }: Batch, s: CreditSettings, seat: Seat, n: number, t: number): number {
  let sum = 0;
  for (let k = t; k < rewards[seat][n]!.length; k++) sum += (s.gamma ** (k - t) * rewards[seat][n]![k]!) / s.rewardScale;
  return sum;
}

function literalAdvantage(batch: Batch, s: CreditSettings, seat: Seat, n: number, t: number): number {
  const own = literalReturn(batch, s, seat, n, t);
  const { groups } = batch;
  const whole = s.baseline === 'batch' || new Set(groups).size === groups.length;
  const peers = groups.map((_, m) => m).filter((m) => m !== n && (whole || groups[m] === groups[n]));
  if (peers.length === 0) return own;
  return own - peers.reduce((sum, m) => sum + literalReturn(batch, s, seat, m, t), 0) / peers.length;
}

/** The table of the rules, as a literal double sum. */
function literalCredit(batch: Batch, s: CreditSettings, seat: Seat, n: number, t: number): number {
  const a = (k: number): number => literalAdvantage(batch, s, seat, n, k);
  const across = literalAdvantage(batch, s, seat === 0 ? 1 : 0, n, t);
  if (s.algorithm === 'rl') return a(t);
  if (s.algorithm === 'sum') return a(t) + across;
  let w = 0;
  for (let k = 0; s.algorithm === 'aa' ? k < t : k <= t; k++) w += s.gamma ** (t - k) * a(k);
  if (s.algorithm === 'aa' || s.matchedGamma) w *= s.gamma;
  return a(t) + s.beta * w * across;
}

function close(a: number, b: number): void {
  expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(a), Math.abs(b)));
}

function each(ledger: Ledger, visit: (value: number, seat: Seat, n: number, t: number) => void): void {
  for (const seat of [0, 1] as const) {
    for (const [n, row] of ledger[seat].entries()) for (const [t, value] of row.entries()) visit(value, seat, n, t);
  }
}

describe('assignCredit', () => {
  it('is the literal double sum', () => {
    fc.assert(
      fc.property(cases, ({ batch, settings }) => {
        const result = assignCredit(batch, settings);
        each(result.advantages, (value, seat, n, t) => close(value, literalAdvantage(batch, settings, seat, n, t)));
        each(result.credits, (value, seat, n, t) => close(value, literalCredit(batch, settings, seat, n, t)));
      }),
    );
  });

  it('splits every credit into own advantage and alignment term, and explains both', () => {
    fc.assert(
      fc.property(cases, ({ batch, settings }) => {
        const result = assignCredit(batch, settings);
        each(result.credits, (credit, seat, n, t) => {
          const e = explainCredit(result, settings, seat, n, t);
          close(e.own, e.return - e.baseline);
          close(e.alignment, e.beta * e.weight * e.opponent);
          close(credit, e.own + e.alignment);
          if (settings.algorithm === 'aa' || settings.algorithm === 'aa-jit') {
            close(e.weight, e.scale * e.terms.reduce((sum, term) => sum + term.discount * term.own, 0));
          } else {
            expect(e.terms).toEqual([]);
          }
        });
      }),
    );
  });

  it('gives leave-one-out advantages that sum to zero within a group of two or more', () => {
    fc.assert(
      fc.property(cases, ({ batch, settings }) => {
        const { advantages } = assignCredit(batch, { ...settings, baseline: 'batch' });
        if (batch.groups.length < 2) return;
        for (const seat of [0, 1] as const) {
          const rounds = advantages[seat][0]!.length;
          for (let t = 0; t < rounds; t++) {
            const sum = advantages[seat].reduce((total, row) => total + row[t]!, 0);
            expect(Math.abs(sum)).toBeLessThan(1e-6);
          }
        }
      }),
    );
  });

  it('swaps with the seats', () => {
    fc.assert(
      fc.property(cases, ({ batch, settings }) => {
        const straight = assignCredit(batch, settings);
        const swapped = assignCredit({ ...batch, rewards: [batch.rewards[1], batch.rewards[0]] }, settings);
        expect(swapped.credits).toEqual([straight.credits[1], straight.credits[0]]);
      }),
    );
  });

  it('is rl where β is 0, and where γ is 0 under aa', () => {
    fc.assert(
      fc.property(cases, ({ batch, settings }) => {
        const rl = (s: CreditSettings): Ledger => assignCredit(batch, { ...s, algorithm: 'rl' }).credits;
        const unaligned = { ...settings, beta: 0 };
        each(assignCredit(batch, { ...unaligned, algorithm: 'aa' }).credits, (c, i, n, t) => close(c, rl(unaligned)[i][n]![t]!));
        each(assignCredit(batch, { ...unaligned, algorithm: 'aa-jit' }).credits, (c, i, n, t) => close(c, rl(unaligned)[i][n]![t]!));
        const myopic = { ...settings, gamma: 0 };
        each(assignCredit(batch, { ...myopic, algorithm: 'aa' }).credits, (c, i, n, t) => close(c, rl(myopic)[i][n]![t]!));
      }),
    );
  });

  it('leaves a lone negotiation of a grouped batch its return, and baselines single groups over the batch', () => {
    const settings: CreditSettings = { algorithm: 'rl', gamma: 0.9, beta: 0.5, rewardScale: 5, baseline: 'group', matchedGamma: false };
    const rewards: Ledger = [
      [[5], [10], [30]],
      [[0], [5], [10]],
    ];
    expect(assignCredit({ rewards, groups: [0, 0, 1] }, settings).advantages).toEqual([
      [[-1], [1], [6]],
      [[-1], [1], [2]],
    ]);
    expect(assignCredit({ rewards, groups: [0, 1, 2] }, settings).advantages[0]).toEqual([[-3], [-1.5], [4.5]]);
    expect(assignCredit({ rewards, groups: [0, 0, 1] }, { ...settings, baseline: 'batch' }).advantages[0]).toEqual([[-3], [-1.5], [4.5]]);
  });

  it('says which shapes disagree', () => {
    const settings: CreditSettings = { algorithm: 'aa', gamma: 0.9, beta: 0.5, rewardScale: 5, baseline: 'group', matchedGamma: false };
    expect(() => assignCredit({ rewards: [[[1]], [[1]]], groups: [] }, settings)).toThrow('cover 1 negotiations, groups cover 0');
    expect(() => assignCredit({ rewards: [[[1, 2]], [[1]]], groups: [0] }, settings)).toThrow('negotiation 0 has rewards of 2 rounds');
    const ragged: Ledger = [
      [[1, 2], [1]],
      [[1, 2], [1]],
    ];
    expect(() => assignCredit({ rewards: ragged, groups: [0, 0] }, settings)).toThrow('equally many rounds');
    expect(() => explainCredit(assignCredit({ rewards: [[[1]], [[1]]], groups: [0] }, settings), settings, 0, 0, 1)).toThrow('no round 1');
  });
});

describe('push', () => {
  it('cuts the ratio at 2 and vanishes for a token that was sure', () => {
    expect(push(3, Math.log(0.25), 1)).toBeCloseTo(2.25);
    expect(push(3, Math.log(0.25), 5)).toBeCloseTo(4.5);
    expect(push(3, 0, 1)).toBeCloseTo(0);
    expect(push(-1, Math.log(0.5), 0.5)).toBeCloseTo(-0.25);
  });
});
