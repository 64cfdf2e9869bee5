import { describe, expect, it } from 'vitest';
import type { RunView } from '../../../src/protocol/webview';
import { curveGroups } from './curveGroups';

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
  recipe: 'same',
  ...change,
});
const nothing = { paired: undefined, beside: [] };
const shape = (groups: ReturnType<typeof curveGroups>) =>
  groups.map(({ name, runs, byDefault }) => [name, runs.map((one) => one.run), byDefault]);

describe('curveGroups', () => {
  it('pools runs that differ in their seed alone, AA first, and draws what is in view', () => {
    const runs = [run('rl-0', { algorithm: 'rl' }), run('rl-1', { algorithm: 'rl', seed: 1 }), run('aa-1', { seed: 1 }), run('aa-0')];
    const groups = curveGroups(runs, { current: runs[3], paired: runs[0], beside: [] });
    expect(shape(groups)).toEqual([
      ['AA · 2 seeds', ['aa-0', 'aa-1'], true],
      ['RL · 2 seeds', ['rl-0', 'rl-1'], true],
    ]);
    expect(shape(curveGroups(runs, { current: runs[0], ...nothing }))).toEqual([
      ['AA · 2 seeds', ['aa-0', 'aa-1'], false],
      ['RL · 2 seeds', ['rl-0', 'rl-1'], true],
    ]);
  });

  it('keeps apart what was set otherwise, other games, and what was only played', () => {
    const runs = [run('a'), run('b', { recipe: 'other', seed: 3 }), run('c', { game: 'split' }), run('d', { algorithm: null })];
    const groups = curveGroups(runs, { current: runs[0], ...nothing });
    expect(shape(groups)).toEqual([
      ['AA s0', ['a'], true],
      ['AA s3', ['b'], false],
    ]);
    expect(new Set(groups.map(({ style }) => style.dash)).size).toBe(2);
    expect(groups.map(({ style }) => style.label)).toEqual(['AA s0', 'AA s3']);
  });

  it('draws a whole run set, by its name, and runs outside it apart', () => {
    const set = { id: 's1', name: 'night' };
    const runs = [
      run('x'),
      ...[0, 1, 2].flatMap((seed) => [run(`aa-${seed}`, { seed, set }), run(`sum-${seed}`, { algorithm: 'sum', seed, set })]),
    ];
    expect(shape(curveGroups(runs, { current: runs[1], ...nothing }))).toEqual([
      ['AA night · 3 seeds', ['aa-0', 'aa-1', 'aa-2'], true],
      ['AA s0', ['x'], false],
      ['sum · 3 seeds', ['sum-0', 'sum-1', 'sum-2'], true],
    ]);
  });

  it('counts a seed once: the run that is in view, else the one that is further', () => {
    const runs = [run('short', { iteration: 10 }), run('long'), run('other', { seed: 1 })];
    expect(curveGroups(runs, { current: runs[2], ...nothing })[0]!.runs.map((one) => one.run)).toEqual(['long', 'other']);
    expect(curveGroups(runs, { current: runs[0], ...nothing })[0]!.runs.map((one) => one.run)).toEqual(['short', 'other']);
    expect(curveGroups([], { current: undefined, ...nothing })).toEqual([]);
  });
});
