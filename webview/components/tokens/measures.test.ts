import { describe, expect, it } from 'vitest';
import { negotiationOf } from '../../../test/webview/world';
import type { WorldRun } from '../../../test/webview/worldPlay';
import { fullScale, MEASURES, measureOf, tokenPush } from './measures';
import { inlineText, visibleText } from './visibleText';

const run: WorldRun = { id: 'ipd', game: 'ipd', algorithm: 'aa', seed: 0, iterations: 200 };
const { turns } = negotiationOf(run, 30, 3)!;

describe('measures', () => {
  it('computes the push as min(ρ, 2) · credit · (1 − π)', () => {
    for (const turn of turns) {
      const expected = Math.min(turn.tokens.ratios[0]!, 2) * turn.credit!.credit * (1 - Math.exp(turn.tokens.trainLogProbs[0]!));
      expect(tokenPush(turn, 0)).toBeCloseTo(expected, 10);
    }
  });

  it('gives no push where nothing was trained, or nothing is committed', () => {
    expect(tokenPush({ ...turns[0]!, trained: false }, 0)).toBeNull();
    expect(tokenPush({ ...turns[0]!, credit: null }, 0)).toBeNull();
  });

  it('has every measure null, not zero, where a turn carries no numbers', () => {
    const bare = {
      ...turns[0]!,
      credit: null,
      tokens: {
        ids: [1],
        texts: ['A'],
        logProbs: [],
        trainLogProbs: [],
        ratios: [],
        referenceLogProbs: [],
        entropies: [],
        validMass: [],
        forced: [],
      },
    };
    for (const measure of MEASURES) expect(measure.value(bare, 0), measure.id).toBeNull();
  });

  it('ends the scale at a round number at or above the largest value, or clips a few outliers and says so', () => {
    for (const measure of MEASURES) {
      const { full, clipped } = fullScale(measure, turns);
      const sizes = turns.flatMap((turn) => turn.tokens.texts.map((_, token) => Math.abs(measure.value(turn, token) ?? 0)));
      expect(clipped).toBe(Math.max(...sizes) > full * (1 + 1e-9));
      expect(sizes.filter((size) => size > full * (1 + 1e-9)).length).toBeLessThanOrEqual(sizes.length / 30);
      expect(String(full).replace(/[^1-9]/g, '').length).toBeLessThanOrEqual(2);
    }
    expect(fullScale(measureOf('push'), [])).toEqual({ full: 1, clipped: false });
  });
});

describe('visible text', () => {
  it('shows what would be invisible', () => {
    expect(visibleText(' a\n')).toBe('·a↵');
    expect(visibleText('')).toBe('∅');
    expect(visibleText('\u202e\u200b\t')).toBe('\\u{202e}\\u{200b}⇥');
  });
  it('keeps spaces in the running text and breaks lines after their sign', () => {
    expect(inlineText(' keep 3\n')).toBe(' keep 3↵\n');
    expect(inlineText('\u200b')).toBe('\\u{200b}');
  });
});
