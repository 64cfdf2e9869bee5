import { describe, expect, it } from 'vitest';
import type { RunView } from '../../../src/protocol/webview';
import { columnByDefault, iterationsOffered, placeOf, usable } from './columns';

const run = (id: string, change: Partial<RunView> = {}): RunView => ({
  run: id,
  name: id,
  game: 'ipd',
  algorithm: 'aa',
  seed: 0,
  status: 'finished',
  iteration: 200,
  iterations: 200,
  device: 'cpu',
  tokensPerSecond: null,
  secondsPerIteration: null,
  ...change,
});
const here = { run: 'aa', iteration: 120, group: 2, negotiation: 19 };

describe('columns of a comparison', () => {
  it('are open runs of the same game, once each, and not what the first shows', () => {
    const runs = [run('aa'), run('rl'), run('split', { game: 'split' })];
    const columns = [
      { run: 'aa' },
      { run: 'aa', iteration: 120 },
      { run: 'aa', iteration: 12 },
      { run: 'aa', iteration: 120, negotiation: 18 },
      { run: 'rl' },
      { run: 'rl' },
      { run: 'gone' },
      { run: 'split' },
    ];
    expect(usable(columns, runs, here, 'ipd')).toEqual([
      { run: 'aa', iteration: 12 },
      { run: 'aa', iteration: 120, negotiation: 18 },
      { run: 'rl' },
    ]);
    expect(
      usable(
        [1, 2, 3, 4, 5].map((iteration) => ({ run: 'rl', iteration })),
        runs,
        here,
        'ipd',
      ),
    ).toHaveLength(3);
  });

  it('follow the first wherever they say nothing else', () => {
    expect(placeOf({ run: 'rl' }, here)).toEqual({ run: 'rl', iteration: 120, negotiation: 19 });
    expect(placeOf({ run: 'aa', iteration: 3 }, here)).toEqual({ run: 'aa', iteration: 3, negotiation: 19 });
  });

  it('are the paired run by default, else another, else the run’s own beginning', () => {
    const [aa, rl] = [run('aa'), run('rl')];
    expect(columnByDefault(aa, rl, [run('other'), rl])).toEqual({ run: 'rl' });
    expect(columnByDefault(aa, undefined, [rl])).toEqual({ run: 'rl' });
    expect(columnByDefault(aa, undefined, [])).toEqual({ run: 'aa', iteration: 1 });
    expect(columnByDefault(run('aa', { iteration: 1 }), undefined, [])).toBeUndefined();
  });

  it('offer iterations from the first to the last, and the one there is', () => {
    expect(iterationsOffered({ iteration: 200 }, 118)).toEqual([1, 25, 50, 75, 100, 118, 125, 150, 175, 200]);
    expect(iterationsOffered({ iteration: 2 }, undefined)).toEqual([1, 2]);
    expect(iterationsOffered({ iteration: 0 }, undefined)).toEqual([]);
  });
});
