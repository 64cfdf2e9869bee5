import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChannel } from '../../../src/protocol/channel';
import type { RunConfig } from '../../../src/protocol/runConfig';
import {
  type HostSide,
  type PreviewTurn,
  type Progress,
  TRAINER_PROTOCOL,
  type TrainerSide,
  type TrainParams,
} from '../../../src/protocol/trainer';
import { readJournal } from '../../../src/runs/journal';
import { mediaFolder } from '../../../src/runs/media';
import { startTrainer, type TrainerHandle } from '../../../src/runs/trainerHandle';
import { differences, toyConfig } from './toyRun';

const root = join(mediaFolder(__dirname), '..');

// The product's own child process, on the embedded policy and onnxruntime, as the extension starts it.
describe('the trainer process', () => {
  let folder: string;
  const script = join(root, 'out/trainerProcess/trainer.cjs');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainer-'));
    await esbuild.build({
      entryPoints: [join(root, 'src/trainer/main.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['onnxruntime-node', 'onnxruntime-common'],
      logLevel: 'error',
    });
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  const config = (settings = {}): RunConfig => toyConfig({ iterations: 5, learningRate: 1e-3, ...settings });
  const start = (name: string, how: RunConfig | 'resume'): TrainerHandle => {
    const machine = { folder: join(folder, name), threads: 1, spin: false, device: 'cpu' } as const;
    const params: TrainParams =
      how === 'resume' ? { ...machine, start: 'resume', takeOver: false } : { ...machine, start: 'new', name: 'run', config: how };
    return startTrainer(params, { script });
  };

  it('trains, tells what happens as it happens, and says how it ended', async () => {
    const trainer = start('told', config());
    const committed: number[] = [];
    const phases: Progress['phase'][] = [];
    const previews: PreviewTurn[] = [];
    trainer.onCommitted(({ iteration }) => committed.push(iteration));
    trainer.onProgress(({ phase }) => phases.push(phase));
    trainer.onPreview((turns) => previews.push(...turns));
    expect(await trainer.started).toEqual({ device: 'cpu' });
    expect(await trainer.stopped).toMatchObject({
      how: 'finished',
      measures: { cooperationRate: expect.any(Number), kl: expect.any(Number) },
    });
    expect(committed).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...new Set(phases)]).toEqual(['loading', 'training', 'finishing']);
    expect(previews).toHaveLength(5 * 4 * 3 * 2);
    const { lines } = await readJournal(join(folder, 'told'));
    const [, first] = lines;
    // Sampler and trainer, two graphs, agree on every probability; on policy every ratio is 1.
    expect(first).toMatchObject({ type: 'iteration', training: { rhoClipFraction: 0, retries: 0 } });
    if (first?.type === 'iteration') expect(first.training!.samplerTrainerGap).toBeLessThan(1e-5);
  }, 120_000);

  it.each([
    ['an adapter', {}],
    ['all weights', { adapter: { kind: 'full' }, learningRate: 3e-4 }],
  ])(
    'training %s, killed and resumed, ends bit for bit where one that was not ends',
    async (name, settings) => {
      const whole = start(`whole ${name}`, config(settings));
      expect((await whole.stopped).how).toBe('finished');
      const first = start(`killed ${name}`, config(settings));
      const died = new Promise<void>((resolve) => {
        first.onCommitted(({ iteration }) => {
          if (iteration === 3) {
            process.kill(first.pid!, 'SIGKILL');
            resolve();
          }
        });
      });
      await died;
      expect(await first.stopped).toMatchObject({ how: 'died', message: expect.stringContaining('SIGKILL') });
      expect((await start(`killed ${name}`, 'resume').stopped).how).toBe('finished');
      expect(await differences(join(folder, `whole ${name}`), join(folder, `killed ${name}`))).toEqual([]);
    },
    240_000,
  );

  it('stops when asked, and a second one on its folder is refused with its host and pid', async () => {
    const first = start('stopped', config({ iterations: 500 }));
    await first.started;
    const second = start('stopped', 'resume');
    await expect(second.started).rejects.toThrow(new RegExp(`being trained by pid ${first.pid} on `));
    expect(await second.stopped).toMatchObject({ how: 'failed', message: expect.stringContaining(`pid ${first.pid}`) });
    expect((await first.stop()).how).toBe('stopped');
    expect(existsSync(join(folder, 'stopped/lock.json'))).toBe(false);
  }, 120_000);

  it('goes when the host goes, at its next chunk, with the folder whole', async () => {
    const child = fork(script, [], { serialization: 'advanced', execArgv: [] });
    const channel = openChannel<HostSide, TrainerSide>(
      {
        post: (message) => void child.send(message as object),
        onMessage: (listener) => void child.on('message', listener),
        onClose: (listener) => void child.once('disconnect', () => listener('gone')),
      },
      TRAINER_PROTOCOL,
      {},
    );
    const params: TrainParams = {
      folder: join(folder, 'orphan'),
      threads: 1,
      spin: false,
      device: 'cpu',
      start: 'new',
      name: 'orphan',
      config: config({ iterations: 500 }),
    };
    await channel.request('train', params);
    child.disconnect();
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(existsSync(join(folder, 'orphan/lock.json'))).toBe(false);
    expect((await readJournal(join(folder, 'orphan'))).torn).toBe(0);
  }, 120_000);
});
