import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type QueuedRun, type QueueReport, RunQueue } from './runQueue';
import type { StopInfo } from './trainerHandle';

const FINISHED = { how: 'stopped', iteration: 9 } as const;

/** Trainers that do nothing but wait to be told how they ended. */
class Workshop {
  /** Folders in the order in which their trainers were started. */
  readonly started: string[] = [];
  readonly #ends = new Map<string, (info: StopInfo) => void>();

  run(folder: string, set = 'set', change: Partial<QueuedRun> = {}): QueuedRun {
    return { folder, set, threads: 1, atOnce: 100, start: async () => this.#start(folder), ...change };
  }

  #start(folder: string) {
    this.started.push(folder);
    const stopped = new Promise<StopInfo>((resolve) => this.#ends.set(folder, resolve));
    return {
      started: Promise.resolve({ device: 'cpu' }),
      stopped,
      stop: async () => {
        this.end(folder, { how: 'stopped', iteration: 1 });
        return stopped;
      },
    };
  }

  end(folder: string, info: StopInfo = FINISHED): void {
    this.#ends.get(folder)?.(info);
  }
}

/** Whatever promises have to say. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const folders = (runs: readonly QueuedRun[]): string[] => runs.map(({ folder }) => folder);
const atOnce = (jobs: number) => new RunQueue((_, underway) => underway.length < jobs);
function reports(queue: RunQueue): QueueReport[] {
  const all: QueueReport[] = [];
  queue.onEnded((report) => all.push(report));
  return all;
}

describe('RunQueue', () => {
  it('trains as many at once as there is room for, in order', async () => {
    const workshop = new Workshop();
    const queue = atOnce(2);
    queue.add(['a', 'b', 'c', 'd'].map((folder) => workshop.run(folder)));
    await settle();
    expect(workshop.started).toEqual(['a', 'b']);
    expect(folders(queue.waiting)).toEqual(['c', 'd']);
    workshop.end('b');
    await settle();
    expect(workshop.started).toEqual(['a', 'b', 'c']);
    expect(folders(queue.underway)).toEqual(['a', 'c']);
    expect(queue.has('a') && queue.has('d') && !queue.has('b')).toBe(true);
  });

  it('never has more under way than fit, starts each once, and ends with nothing left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }), async (cores, sizes) => {
        const workshop = new Workshop();
        const used = (runs: readonly QueuedRun[]): number => runs.reduce((sum, { threads }) => sum + threads, 0);
        const queue = new RunQueue(({ threads }, underway) => underway.length === 0 || used(underway) + threads <= cores);
        const runs = sizes.map((size, i) => workshop.run(`r${i}`, `set ${i % 2}`, { threads: 1 + size }));
        queue.add(runs);
        queue.add(runs.slice(0, 2));
        for (let step = 0; queue.underway.length > 0; step++) {
          await settle();
          expect(queue.underway.length === 1 || used(queue.underway) <= cores).toBe(true);
          const { folder } = queue.underway[step % queue.underway.length]!;
          workshop.end(folder);
          await settle();
        }
        expect(queue.waiting).toEqual([]);
        expect(workshop.started.toSorted()).toEqual(folders(runs).toSorted());
        for (const set of ['set 0', 'set 1']) {
          const own = folders(runs.filter((run) => run.set === set));
          expect(workshop.started.filter((folder) => own.includes(folder))).toEqual(own);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('stops one set, under way and waiting, and leaves the other alone', async () => {
    const workshop = new Workshop();
    const queue = atOnce(2);
    const ended = reports(queue);
    queue.add([workshop.run('a0', 'a'), workshop.run('b0', 'b'), workshop.run('a1', 'a'), workshop.run('b1', 'b')]);
    await settle();
    await queue.stop('a');
    await settle();
    expect(ended.map(({ run, end }) => [run.folder, end.how])).toEqual([['a0', 'stopped']]);
    expect(workshop.started).toEqual(['a0', 'b0', 'b1']);
    // What was stopped can be added again.
    queue.add([workshop.run('a0', 'a'), workshop.run('a1', 'a')]);
    workshop.end('b0');
    await settle();
    expect(folders(queue.underway)).toEqual(['b1', 'a0']);
  });

  it('stops a run whose trainer is only just being started', async () => {
    const workshop = new Workshop();
    let go: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      go = resolve;
    });
    const run = workshop.run('slow');
    const queue = atOnce(1);
    queue.add([{ ...run, start: () => ready.then(() => run.start()) }]);
    const stopped = queue.stop();
    go();
    await stopped;
    expect(queue.underway).toEqual([]);
  });

  it('goes on after a run that died, or had nothing to do', async () => {
    const workshop = new Workshop();
    const queue = atOnce(1);
    const ended = reports(queue);
    queue.add([workshop.run('a'), workshop.run('b', 'set', { start: async () => null }), workshop.run('c')]);
    await settle();
    workshop.end('a', { how: 'died', message: 'The trainer was killed by SIGKILL' });
    await settle();
    expect(ended.map(({ run, end, dropped }) => [run.folder, end.how, dropped.length])).toEqual([
      ['a', 'died', 0],
      ['b', 'nothing', 0],
    ]);
    expect(folders(queue.underway)).toEqual(['c']);
  });

  it('drops the rest of a set of which none can begin, and only that', async () => {
    const workshop = new Workshop();
    const queue = atOnce(1);
    const ended = reports(queue);
    const broken = { start: () => Promise.reject(new Error('no model')) };
    queue.add([workshop.run('a0', 'a', broken), workshop.run('a1', 'a', broken), workshop.run('b0', 'b')]);
    await settle();
    expect(ended).toMatchObject([{ run: { folder: 'a0' }, end: { how: 'refused', message: 'no model' }, dropped: [{ folder: 'a1' }] }]);
    workshop.end('b0');
    await settle();
    queue.add([workshop.run('c0', 'c'), workshop.run('c1', 'c', broken), workshop.run('c2', 'c')]);
    await settle();
    workshop.end('c0');
    await settle();
    expect(ended.at(-1)).toMatchObject({ run: { folder: 'c1' }, end: { how: 'refused' }, dropped: [] });
    expect(folders(queue.underway)).toEqual(['c2']);
  });

  it('keeps to what a set may have at once, and lets another set pass by meanwhile', async () => {
    const workshop = new Workshop();
    const queue = new RunQueue();
    queue.add(['a0', 'a1', 'a2'].map((folder) => workshop.run(folder, 'a', { atOnce: 1 })));
    queue.add(['b0', 'b1'].map((folder) => workshop.run(folder, 'b', { atOnce: 2 })));
    await settle();
    expect(workshop.started).toEqual(['a0', 'b0', 'b1']);
    workshop.end('b0');
    await settle();
    expect(workshop.started).toEqual(['a0', 'b0', 'b1']);
    workshop.end('a0');
    await settle();
    expect(workshop.started).toEqual(['a0', 'b0', 'b1', 'a1']);
  });

  it('starts what waits when somebody else’s trainer ends, and nothing once it is closed', async () => {
    const workshop = new Workshop();
    let busy = true;
    const queue = new RunQueue((_, underway) => !busy && underway.length < 1);
    queue.add([workshop.run('a'), workshop.run('b')]);
    await settle();
    expect(workshop.started).toEqual([]);
    busy = false;
    queue.wake();
    await settle();
    expect(workshop.started).toEqual(['a']);
    queue.close();
    workshop.end('a');
    await settle();
    expect(workshop.started).toEqual(['a']);
  });
});
