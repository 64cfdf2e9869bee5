import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MATCHUP_PATHS } from '../../../src/protocol/matchups';
import { InferenceProcess } from '../../../src/runs/inferenceProcess';
import { mediaFolder } from '../../../src/runs/media';
import { PlayHandle } from '../../../src/runs/playHandle';

const root = join(mediaFolder(__dirname), '..');

// The product's own child process in its other mode, on the embedded policy and onnxruntime.
describe('the inference process', () => {
  const script = join(root, 'out/inferenceProcess/trainer.cjs');
  const lines: string[] = [];
  let folder: string;
  let process: InferenceProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inference-'));
    await esbuild.build({
      entryPoints: [join(root, 'src/trainer/main.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['onnxruntime-node', 'onnxruntime-common'],
      logLevel: 'error',
    });
    process = make();
  }, 120_000);
  afterEach(() => process.dispose());
  afterAll(() => rm(folder, { recursive: true }));

  const make = (idle?: number): InferenceProcess =>
    new InferenceProcess({
      script,
      settings: () => ({ threads: 1, device: 'cpu', apis: {}, keys: {} }),
      log: (line) => lines.push(line),
      ...(idle !== undefined && { idle }),
    });
  const matrix = (out: string, players: string[]) =>
    ({ game: 'ipd', players, negotiations: 4, seed: 0, rules: { rounds: 3 }, out: join(folder, out) }) as const;

  it('plays a match-up matrix, tells how far it is, and keeps it', async () => {
    const seen: string[] = [];
    const players = ['seed', 'scripted:always-defect'];
    const result = await process.perform('evaluate', matrix('kept', players), { onProgress: (done, of) => seen.push(`${done}/${of}`) });
    expect(result.players).toEqual(players);
    expect(result.meanReward[1]![1]).toBe(1);
    expect(result.meanReward[1]![0]).toBeGreaterThan(1);
    expect(seen).toEqual(['1/3', '2/3', '3/3']);
    expect(existsSync(join(folder, 'kept', MATCHUP_PATHS.matchups))).toBe(true);
    // The base model stays loaded: the same again, and the same numbers.
    const again = await process.perform('evaluate', matrix('again', players));
    expect(again.meanReward).toEqual(result.meanReward);
  });

  it('refuses in the words of what went wrong, and goes on', async () => {
    await expect(process.perform('evaluate', matrix('none', ['scripted:tit-for-tatt']))).rejects.toThrow('tit-for-tat');
    const one = await process.perform('evaluate', matrix('one', ['scripted:always-defect']));
    expect(one.meanReward).toEqual([[1]]);
  });

  it('calls work off', async () => {
    const stop = new AbortController();
    const work = process.perform('evaluate', matrix('off', ['seed', 'scripted:tit-for-tat', 'scripted:always-defect']), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(work).rejects.toThrow('enough');
  });

  it('is let go when there was nothing to do, and starts anew', async () => {
    const brief = make(1);
    await brief.perform('evaluate', matrix('before', ['scripted:always-defect']));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const after = await brief.perform('evaluate', matrix('after', ['scripted:always-defect']));
    expect(after.meanReward).toEqual([[1]]);
    brief.dispose();
  });

  it('is not let go while a person sits at one of its tables', async () => {
    const brief = make(1);
    const params = { game: 'ipd', opponent: 'scripted:tit-for-tat', seat: 0, seed: 1, rules: { rounds: 2 } } as const;
    const handle = await PlayHandle.sit(brief, { ...params, out: join(folder, 'table') });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await handle.say('A');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await handle.say('B');
    expect(handle.ask).toBeNull();
    expect(handle.file.rounds.map(({ rewards }) => rewards)).toEqual([
      [3, 3],
      [5, 0],
    ]);
    // One that is left is played again by the next process.
    const left = await PlayHandle.sit(brief, { ...params, out: join(folder, 'left') });
    await left.say('B');
    await left.leave();
    brief.dispose();
    const again = await PlayHandle.takeUp(brief, left.folder);
    expect(again.file.turns).toEqual(left.file.turns);
    expect(again.ask?.round).toBe(1);
    brief.dispose();
  });

  it('tells of a process that cannot be', async () => {
    const broken = new InferenceProcess({
      script: join(folder, 'none.cjs'),
      settings: () => ({ threads: 1, device: 'cpu', apis: {}, keys: {} }),
      log: () => undefined,
    });
    await expect(broken.perform('evaluate', matrix('broken', ['seed']))).rejects.toThrow(
      /The inference process exited with code 1.*Cannot find module/,
    );
  });
});
