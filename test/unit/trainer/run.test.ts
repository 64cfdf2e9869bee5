import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IterationLine } from '../../../src/protocol/runFiles';
import { readJournal } from '../../../src/runs/journal';
import { acquireLock } from '../../../src/runs/lock';
import { trainRun } from '../../../src/trainer/run';
import { differences, runToy, toyConfig, toyEnvironment, toyParams } from './toyRun';

describe('a run', () => {
  let root: string;
  let folder: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'run-'));
    folder = join(root, 'a');
  });
  afterEach(() => rm(root, { recursive: true }));

  const iterations = async (of = folder): Promise<IterationLine[]> =>
    (await readJournal(of)).lines.filter((line) => line.type === 'iteration');
  /** Runs until an iteration is committed, then stops. */
  const runUntil = async (iteration: number, start: 'new' | 'resume' = 'new'): Promise<void> => {
    const stop = new AbortController();
    const run = trainRun(toyParams(folder, start === 'new' ? toyConfig() : undefined), toyEnvironment(stop.signal));
    for (;;) {
      const { done, value } = await run.next();
      if (done) {
        expect(value).toEqual({ how: 'stopped', iteration });
        return;
      }
      if (value.type === 'committed' && value.line.iteration === iteration) stop.abort();
    }
  };

  it('leaves a whole folder: run.json, a line an iteration, rollouts, one state, the checkpoints that are due', async () => {
    const { events, ended } = await runToy(toyParams(folder, toyConfig()));
    expect(ended).toMatchObject({ how: 'finished', measures: { cooperationRate: expect.any(Number) } });
    expect((await readdir(folder)).sort()).toEqual(['checkpoints', 'journal.jsonl', 'rollouts', 'run.json', 'state']);
    expect(await readdir(join(folder, 'state'))).toEqual(['000007']);
    expect((await readdir(join(folder, 'checkpoints'))).sort()).toEqual(['000000', '000002', '000003', '000004', '000006', '000007']);
    expect(await readdir(join(folder, 'rollouts'))).toHaveLength(7);
    const page = await readJournal(folder);
    expect(page.lines.map((line) => line.type)).toEqual([...Array<string>(8).fill('iteration'), 'finished']);
    expect(page).toMatchObject({ problems: [], torn: 0 });
    expect(events.filter((event) => event.type === 'committed')).toHaveLength(8);
    expect(events.at(-1)).toMatchObject({ type: 'progress', progress: { phase: 'finishing', iteration: 7 } });
    // What it needs in memory is told before the model is loaded.
    const told = events.findIndex((event) => event.type === 'progress' && event.progress.memory === 1e6);
    expect(events[told]).toMatchObject({ progress: { phase: 'loading' } });
    expect(told).toBeLessThan(events.findIndex((event) => event.type === 'ready'));
    const run = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as Record<string, unknown>;
    expect(run).toMatchObject({ format: 1, id: 'a', name: 'toy', config: { game: 'ipd', seed: 5 }, threads: 1 });
  });

  it('is the same run twice, and another with another seed', async () => {
    await runToy(toyParams(folder, toyConfig()));
    await runToy(toyParams(join(root, 'b'), toyConfig()));
    expect(await differences(folder, join(root, 'b'))).toEqual([]);
    await runToy(toyParams(join(root, 'c'), toyConfig({}, { seed: 6 })));
    expect(await differences(folder, join(root, 'c'))).not.toEqual([]);
  });

  it('is another run under each ablation, on the same deals and first words', async () => {
    const ablations: readonly (readonly [name: string, config: ReturnType<typeof toyConfig>])[] = [
      ['aa', toyConfig({ iterations: 3 })],
      ['aa-jit', toyConfig({ iterations: 3 }, { algorithm: 'aa-jit' })],
      ['aa-jit, matched', toyConfig({ iterations: 3, matchedGamma: true }, { algorithm: 'aa-jit' })],
      ['batch baseline', toyConfig({ iterations: 3, baseline: 'batch' })],
      ['no buffer', toyConfig({ iterations: 3, buffer: { enabled: false } })],
    ];
    const [firsts, ends]: [string[], string[]] = [[], []];
    for (const [name, config] of ablations) {
      expect((await runToy(toyParams(join(root, name), config))).ended.how).toBe('finished');
      const lines = await iterations(join(root, name));
      firsts.push(JSON.stringify(lines[1]!.negotiations!.reward));
      ends.push(lines.at(-1)!.state.files['adapter_model.safetensors']!);
    }
    expect(new Set(firsts).size).toBe(1);
    expect(new Set(ends).size).toBe(ablations.length);
  });

  it('that was stopped after any iteration goes on to the very same end', async () => {
    await runToy(toyParams(join(root, 'whole'), toyConfig()));
    for (const iteration of [0, 1, 4]) {
      await rm(folder, { recursive: true, force: true });
      await runUntil(iteration);
      expect(await readdir(folder)).not.toContain('lock.json');
      await runUntil(iteration + 2, 'resume');
      const { ended } = await runToy(toyParams(folder));
      expect(ended.how).toBe('finished');
      expect(await differences(folder, join(root, 'whole'))).toEqual([]);
    }
  });

  it('that is finished says so again and changes nothing', async () => {
    const first = await runToy(toyParams(folder, toyConfig({ iterations: 1 })));
    const before = await readFile(join(folder, 'journal.jsonl'));
    expect((await runToy(toyParams(folder))).ended).toEqual(first.ended);
    expect(await readFile(join(folder, 'journal.jsonl'))).toEqual(before);
  });

  it('leaves no lane open on the engine, stopped or not', async () => {
    const stop = new AbortController();
    const environment = toyEnvironment(stop.signal);
    const run = trainRun(toyParams(folder, toyConfig()), { ...environment, onPreview: () => stop.abort() });
    let result = await run.next();
    while (!result.done) result = await run.next();
    expect(result.value).toEqual({ how: 'stopped', iteration: 0 });
    expect(environment.engine.openLanes).toBe(0);
  });

  it('previews the turns of the first group as they are taken', async () => {
    const turns: unknown[] = [];
    await runToy(toyParams(folder, toyConfig({ iterations: 1 })), { ...toyEnvironment(), onPreview: (these) => turns.push(...these) });
    expect(turns).toHaveLength(4 * 3 * 2);
    expect(turns[0]).toMatchObject({
      iteration: 1,
      negotiation: 0,
      round: 0,
      turn: 0,
      seat: 0,
      player: 'policy',
      prompt: 'play',
      tokenTexts: [expect.stringMatching(/^[AB]$/), '<end>'],
    });
  });

  describe('is refused in one line', () => {
    const fails = async (params = toyParams(folder)): Promise<string> => {
      try {
        await runToy(params);
      } catch (error) {
        return (error as Error).message;
      }
      return 'it went';
    };

    it('when its folder holds one already, or something else', async () => {
      await runUntil(1);
      expect(await fails(toyParams(folder, toyConfig()))).toContain('already holds a run: resume it, or choose another folder');
      await mkdir(join(root, 'other'));
      await writeFile(join(root, 'other', 'thesis.tex'), '');
      expect(await fails(toyParams(join(root, 'other'), toyConfig()))).toContain('is not empty (thesis.tex)');
    });

    it('when somebody trains it', async () => {
      await runUntil(1);
      const lock = await acquireLock(folder, { takeOver: false });
      expect(await fails()).toContain(`being trained by pid ${process.pid}`);
      await lock.release();
    });

    it('when run.json is missing, torn, or from a newer Parley', async () => {
      await runUntil(1);
      const path = join(folder, 'run.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace('"format": 1', '"format": 2'));
      expect(await fails()).toContain('has format 2, and this Parley knows formats up to 1: update Parley');
      await writeFile(path, text.slice(0, 100));
      expect(await fails()).toContain('run.json is not whole JSON');
      await writeFile(path, text.replace('"gamma": 0.9', '"gamma": 9'));
      expect(await fails()).toContain('run.json: config.gamma: ');
      await rm(path);
      expect(await fails()).toContain('run.json is missing');
      expect(await fails(toyParams(join(root, 'nowhere')))).toContain('run.json is missing');
    });

    it('when the journal is damaged in the middle, and then nothing is deleted', async () => {
      await runUntil(3);
      const path = join(folder, 'journal.jsonl');
      const before = await readdir(folder, { recursive: true });
      const lines = (await readFile(path, 'utf8')).split('\n');
      await writeFile(path, [lines[0], lines[1]!.slice(5), ...lines.slice(2)].join('\n'));
      expect(await fails()).toContain('is damaged (not JSON)');
      await writeFile(path, [lines[0], ...lines.slice(2)].join('\n'));
      expect(await fails()).toContain('names iteration 2 where 1 is due');
      expect(await readdir(folder, { recursive: true })).toEqual(before);
    });

    it('when the state or a snapshot that is due is cut short or gone', async () => {
      await runUntil(4);
      await truncate(join(folder, 'checkpoints/000002/adapter_model.safetensors'), 100);
      await truncate(join(folder, 'checkpoints/000004/adapter_model.safetensors'), 100);
      expect(await fails()).toMatch(/checkpoints\/00000[24]\/adapter_model.safetensors is not what the journal committed/);
      const page = await readJournal(folder);
      await truncate(join(folder, `state/00000${page.lines.length - 1}/optimizer.safetensors`), 100);
      expect(await fails()).toMatch(/state\/00000\d\/optimizer.safetensors is not what the journal committed/);
      await rm(join(folder, `state/00000${page.lines.length - 1}/optimizer.safetensors`));
      expect(await fails()).toMatch(/optimizer.safetensors is missing: restore it/);
    });

    it('when the base model is another', async () => {
      await runUntil(1);
      const environment = toyEnvironment();
      const engine = Object.assign(environment.engine, { info: { ...environment.engine.info, modelHash: '0'.repeat(64) } });
      await expect(runToy(toyParams(folder), { ...environment, openEngine: async () => engine })).rejects.toThrow(
        'is not the model that this run began with',
      );
    });

    it.skipIf(process.platform !== 'linux')('when the disk is full, and goes on to the same end once there is space', async () => {
      await runToy(toyParams(join(root, 'whole'), toyConfig()));
      const drafts = ['rollouts/000004.parquet.tmp', 'state/000005.tmp/state.json'];
      await runUntil(3);
      // A draft that points to /dev/full: writing it fails as on a full disk. Resuming sweeps drafts, so it is put there behind its back.
      const run = trainRun(toyParams(folder), toyEnvironment());
      await run.next();
      await symlink('/dev/full', join(folder, drafts[0]!));
      const attempt = async (): Promise<void> => {
        for (;;) if ((await run.next()).done) return;
      };
      await expect(attempt()).rejects.toThrow(
        /^cannot write rollouts\/000004\.parquet .*the disk is full\. What the journal names is whole; resume the run/,
      );
      expect(await iterations()).toHaveLength(4);
      expect(await readdir(folder)).not.toContain('lock.json');
      expect((await runToy(toyParams(folder))).ended.how).toBe('finished');
      expect(await differences(folder, join(root, 'whole'))).toEqual([]);
    });
  });

  it('warns when it goes on with other threads', async () => {
    await runUntil(1);
    const environment = toyEnvironment();
    const engine = Object.assign(environment.engine, { info: { ...environment.engine.info, threads: 4 } });
    const { events } = await runToy(toyParams(folder), { ...environment, openEngine: async () => engine });
    expect(events).toContainEqual({ type: 'log', level: 'warn', line: expect.stringContaining('4 threads instead of 1') });
  });

  it('mends a torn journal, keeps a copy, and goes on to the same end', async () => {
    await runToy(toyParams(join(root, 'whole'), toyConfig()));
    await runUntil(3);
    const path = join(folder, 'journal.jsonl');
    await appendFile(path, '{"type":"iteration","iteration":4,"ti');
    const torn = await readFile(path);
    const { events } = await runToy(toyParams(folder));
    const warning = events.find((event) => event.type === 'log');
    expect(warning?.line).toContain('torn');
    const copy = (await readdir(folder)).find((name) => name.startsWith('journal.torn'));
    expect(await readFile(join(folder, copy!))).toEqual(torn);
    await rm(join(folder, copy!));
    expect(await differences(folder, join(root, 'whole'))).toEqual([]);
  });
});
