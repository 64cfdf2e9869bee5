import { describe, expect, it } from 'vitest';
import { add } from './graph/elementwise';
import { Graph } from './graph/graph';
import { loadRuntime } from './runtime';
import { floats, type SessionLimits, Sessions } from './sessions';

/** x + x of `size` floats, which the graph makes. */
function doubling(size: number): Graph {
  const graph = new Graph('double');
  const x = graph.input('x', 'float32', [size]);
  graph.output('y', add(x, x));
  return graph;
}

const MEBI = 1 << 20;

async function opened(limits: SessionLimits) {
  const sessions = new Sessions({ runtime: await loadRuntime(), device: 'cpu', threads: 1, spinning: false }, limits);
  /** Runs a graph that makes so many MiB. */
  const run = async (key: string, mebibytes: number): Promise<number> => {
    const size = (mebibytes * MEBI) / 4;
    const session = await sessions.get(key, () => doubling(size));
    return floats(await session.run({ x: sessions.float(new Float32Array(size).fill(3), [size]) }), 'y')[size - 1]!;
  };
  return { sessions, run, open: (...keys: string[]) => keys.filter((key) => sessions.has(key)) };
}

describe('sessions', () => {
  it('are closed, the least recently used first, when large graphs make too much; small ones stay', async () => {
    const { sessions, run, open } = await opened({ most: 10, bytes: 64 * MEBI, least: 1 });
    await run('small', 1);
    for (const key of ['a', 'b', 'c']) expect(await run(key, 20)).toBe(6);
    expect(open('small', 'a', 'b', 'c')).toEqual(['small', 'a', 'b', 'c']);
    await run('a', 20);
    expect(await run('d', 20)).toBe(6);
    expect(open('small', 'a', 'b', 'c', 'd')).toEqual(['small', 'a', 'c', 'd']);
    expect(await run('b', 20)).toBe(6);
    await sessions.dispose();
  });

  it('stay open where one step needs them, whatever they take, and are never more than the most', async () => {
    const { sessions, run, open } = await opened({ most: 3, bytes: 0, least: 2 });
    for (const key of ['a', 'b', 'c']) expect(await run(key, 20)).toBe(6);
    expect(open('a', 'b', 'c')).toEqual(['b', 'c']);
    await run('s', 1);
    await run('t', 1);
    expect(open('b', 'c', 's', 't')).toEqual(['c', 's', 't']);
    await sessions.dispose();
  });

  it('are told the bytes of a graph by its nodes, of those that are wanted', () => {
    const graph = doubling(8);
    add(graph.scalar(1), graph.scalar(2));
    expect(graph.bytes()).toBe(32);
  });
});
