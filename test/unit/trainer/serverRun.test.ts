import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/engine/engine';
import { openOnnxEngine } from '../../../src/engine/onnx/engine';
import { openChecked, readTensor } from '../../../src/engine/onnx/model/safetensors';
import { openTinkerEngine } from '../../../src/engine/tinker/openTinkerEngine';
import { trainsOnServer } from '../../../src/protocol/serverLimits';
import type { TrainParams } from '../../../src/protocol/trainer';
import { readBranchIndex } from '../../../src/runs/branchIndex';
import { embeddedPolicy } from '../../../src/runs/embeddedPolicy';
import { mediaFolder } from '../../../src/runs/media';
import type { Settings } from '../../../src/runs/presets';
import { RolloutReader } from '../../../src/runs/rolloutReader';
import { RunFolder } from '../../../src/runs/runFolder';
import { runEnvironment } from '../../../src/trainer/environment';
import { forkRun } from '../../../src/trainer/forkRun';
import { forkWork } from '../../../src/trainer/inference/branchWork';
import { cardWork, cosineWork } from '../../../src/trainer/inference/cardWork';
import { distributionWork } from '../../../src/trainer/inference/distributionWork';
import type { Work } from '../../../src/trainer/inference/work';
import { type RunEnvironment, type RunEvent, trainRun } from '../../../src/trainer/run';
import { runCommandLine } from '../../cli/runCommandLine';
import { seededUniforms } from '../../tinker/serverModel';
import { TrainingServer, type TrainingServerOptions } from '../../tinker/trainingServer';
import { toyConfig, toyParams } from './toyRun';

const media = mediaFolder(__dirname);
const model = embeddedPolicy(media, 'ipd');

/** No masks, no entropy, no clipping: what both engines can. */
const PLAIN: Settings = {
  ...{ iterations: 1, negotiations: 8, groupSize: 4, learningRate: 0.01, clipNorm: 1e9, entropyCoefficient: 0 },
  ...{ decoding: 'free', gameSettings: { rounds: 2 }, buffer: { enabled: false }, checkpointEvery: 1 },
  adapter: { kind: 'lora', rank: 4, alpha: 8 },
};

/** The local engine, drawing tokens as the server does with the seed that it is sent. */
function drawnByTheServer(engine: Engine): Engine {
  return new Proxy(engine, {
    get(of, name) {
      if (name === 'sample') {
        const sample: Engine['sample'] = (requests, settings) =>
          of.sample(
            requests.map((request) => ({ ...request, uniform: seededUniforms(Math.floor(request.uniform(0) * 2 ** 31)) })),
            settings,
          );
        return sample;
      }
      const value = Reflect.get(of, name) as unknown;
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}

function environment(signal: AbortSignal): RunEnvironment {
  const real = runEnvironment(media, signal);
  return {
    ...real,
    openEngine: async (config, params) => {
      if (!trainsOnServer(config)) return drawnByTheServer(await real.openEngine(config, params));
      // Nobody waits in a test.
      const patience = { firstWait: 1, longestWait: 2, retries: 3 };
      return openTinkerEngine({
        ...config.engine,
        tokenizer: config.policy === 'embedded' ? model : config.policy,
        signal,
        version: 'test',
        patience,
      });
    },
  };
}

/** Trains until an iteration is committed, and stops there: the measures at a run's end are not what is tested. */
async function trainUntil(params: TrainParams, iteration: number) {
  const stop = new AbortController();
  const events: RunEvent[] = [];
  const run = trainRun(params, environment(stop.signal));
  for (;;) {
    const { done, value } = await run.next();
    if (done) return { events, ended: value };
    events.push(value);
    if (value.type === 'committed' && value.line.iteration === iteration) stop.abort();
  }
}

async function adapterIn(folder: string): Promise<Map<string, Float32Array>> {
  const file = await openChecked(join(folder, 'adapter_model.safetensors'));
  return new Map([...file.entries.keys()].map((name) => [name, readTensor(file, name)]));
}

function furthest(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  return Math.max(...[...a].flatMap(([name, values]) => Array.from(values, (value, i) => Math.abs(value - b.get(name)![i]!))));
}

/** What refuses a checkpoint whose weights are on the server alone. */
const ALONE =
  /its weights are on the training server http:\/\/127\.0\.0\.1:\d+ alone, as tinker:\/\/\S+: download them there, and put adapter_config\.json and adapter_model\.safetensors into \S+checkpoints\/00000[12]\n?$/;

const work = (): Work => ({
  settings: { threads: 1, device: 'cpu', apis: {}, keys: {} },
  media,
  signal: new AbortController().signal,
  openEngine: (folder) => openOnnxEngine({ model: folder, threads: 1, device: 'cpu', spinning: false }),
  progress: () => undefined,
});

describe('a run on a training server', { timeout: 240_000 }, () => {
  let root: string;
  let server: TrainingServer | undefined;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'server-run-'));
  });
  afterAll(() => rm(root, { recursive: true }));
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  const start = async (options: Partial<TrainingServerOptions> = {}): Promise<TrainingServer> => {
    server = await TrainingServer.start({ model, alpha: 8, ...options });
    return server;
  };
  const onServer = ({ url, baseModel }: TrainingServer, normalisation: 'sum' | 'mean-of-means'): Settings => ({
    engine: { kind: 'tinker', baseUrl: url, baseModel, normalisation },
  });
  const train = (name: string, settings: Settings, until: number) =>
    trainUntil(toyParams(join(root, name), toyConfig({ ...settings, iterations: 9 })), until);
  const serverFolder = async (name: string, iteration: string): Promise<string> => {
    const saved = JSON.parse(await readFile(join(root, name, 'checkpoints', iteration, 'server_sampler.json'), 'utf8')) as { path: string };
    return server!.folderOf(saved.path);
  };
  const rowsOf = async (name: string) => {
    const { iterations } = await RunFolder.open(join(root, name));
    return new RolloutReader().all(join(root, name), iterations[1]!.rollouts!, ['text', 'token_ids', 'credit', 'valid_mass']);
  };

  it.each([
    ['sum', 0],
    ['sum', 0.2],
    ['mean-of-means', 0],
    ['mean-of-means', 0.2],
  ] as const)(
    'gives the local run’s losses and adapters where the server takes the %s, with c_KL %s',
    async (normalisation, klCoefficient) => {
      const [here, there] = [`here-${normalisation}-${klCoefficient}`, `there-${normalisation}-${klCoefficient}`];
      // Two iterations: the first starts at the base model, where the KL has no gradient.
      const settings = { ...PLAIN, klCoefficient };
      await start({ normalisation });
      expect((await train(here, settings, 2)).ended.how).toBe('stopped');
      expect((await train(there, { ...settings, ...onServer(server!, normalisation) }, 2)).ended.how).toBe('stopped');
      const [ours, theirs] = [await RunFolder.open(join(root, here)), await RunFolder.open(join(root, there))];
      for (const i of [1, 2]) {
        const [a, b] = [ours.iterations[i]!.training!, theirs.iterations[i]!.training!];
        expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-4);
        expect(b.gradNorm! / a.gradNorm!).toBeCloseTo(1, 3);
        expect(b.trainedTokens).toBe(a.trainedTokens);
      }
      const [rowsHere, rowsThere] = [await rowsOf(here), await rowsOf(there)];
      expect(rowsThere.map(({ text, token_ids }) => [text, token_ids])).toEqual(rowsHere.map(({ text, token_ids }) => [text, token_ids]));
      expect(rowsThere.map(({ credit }) => credit)).toEqual(rowsHere.map(({ credit }) => credit));
      expect(rowsThere.every(({ valid_mass }) => valid_mass.length === 0)).toBe(true);
      for (const iteration of ['000001', '000002']) {
        const [adapter, remote] = [join(root, here, 'checkpoints', iteration), await serverFolder(there, iteration)];
        expect(furthest(await adapterIn(adapter), await adapterIn(remote))).toBeLessThan(1e-4);
      }
      expect(theirs.file!.device).toMatch(/^server http:\/\/127\.0\.0\.1:\d+$/);
      expect(theirs.iterations[2]!.measures).toMatchObject({ validMass: null, kl: expect.any(Number), entropy: expect.any(Number) });
    },
  );

  it('that loses its server fails in one line, and goes on where it was once the server is back', async () => {
    await start();
    const settings = { ...PLAIN, iterations: 9, buffer: { enabled: true, every: 1, subset: 2 }, ...onServer(server!, 'sum') };
    await train('whole', settings, 4);
    const wholly = await adapterIn(await serverFolder('whole', '000004'));

    const optimSteps = server!.asks('/optim_step').length;
    server!.misbehave('/optim_step', ...Array.from({ length: 2 }, () => (_: unknown, serve: () => void) => serve()), (response) => {
      response.socket?.destroy();
      void server!.die();
    });
    const config = toyConfig(settings);
    await expect(trainUntil(toyParams(join(root, 'cut'), config), 4)).rejects.toThrow(
      /training server http:\/\/127\.0\.0\.1:\d+: no connection .*ECONNREFUSED.*\. Check the address, and that the server runs\. Resume the run/,
    );
    expect(server!.asks('/optim_step')).toHaveLength(optimSteps + 2);
    const cut = await RunFolder.open(join(root, 'cut'));
    expect([cut.iterations.length, cut.finished, cut.problems]).toEqual([3, null, []]);

    await server!.listen();
    const { events } = await trainUntil(toyParams(join(root, 'cut')), 4);
    expect(events.flatMap((event) => (event.type === 'committed' ? [event.line.iteration] : []))).toEqual([3, 4]);
    expect(furthest(wholly, await adapterIn(await serverFolder('cut', '000004')))).toBeLessThan(1e-4);
  });

  it('whose server gives archives keeps copies of its adapters, so that its policies play here', async () => {
    await start({ archives: true });
    await train('copied', { ...PLAIN, ...onServer(server!, 'sum') }, 1);
    const [copy, original] = [join(root, 'copied', 'checkpoints', '000001'), await serverFolder('copied', '000001')];
    const read = (folder: string) => readFile(join(folder, 'adapter_model.safetensors'));
    expect((await read(copy)).equals(await read(original))).toBe(true);
    const { iterations } = await RunFolder.open(join(root, 'copied'));
    expect(Object.keys(iterations[1]!.checkpoint!.files).sort()).toEqual(
      ['adapter_config.json', 'adapter_model.safetensors', 'server_sampler.json', 'server_weights.json', 'state.json'].sort(),
    );
    const words = ['evaluate', '--negotiations', '4', '--players'];
    expect(await runCommandLine([...words, `${join(root, 'copied')}@1,scripted:always-defect`])).toMatchObject({ code: 0 });
    const card = await runCommandLine(['card', `${join(root, 'copied')}@1`]);
    expect(card).toMatchObject({ code: 0, out: expect.stringContaining('Policy card') });
    const merged = ['export', 'safetensors', '--out', join(root, 'merged')];
    expect(await runCommandLine([...merged, join(root, 'copied')])).toMatchObject({ code: 0 });
    expect(await readdir(join(root, 'merged'))).toContain('model.safetensors');
    // One that gave none.
    const kept = await runCommandLine([...merged, join(root, 'there-sum-0')]);
    expect(kept.err).toMatch(/was trained on a server that speaks the Tinker API, which keeps the weights: download them there\n$/);
    const left = await runCommandLine([...words, `${join(root, 'there-sum-0')}@1,scripted:always-defect`]);
    expect(left.code).toBeGreaterThan(0);
    expect(left.err).toMatch(ALONE);
  });

  it('has its checkpoints forked, asked and compared here once there are copies, which one line says until then', async () => {
    await start({ archives: false });
    await train('away', { ...PLAIN, ...onServer(server!, 'sum') }, 2);
    const folder = join(root, 'away');
    const place = { job: 0, folder, iteration: 2, negotiation: 0, turn: 1 };
    const all = {
      fork: () => forkWork({ ...place, players: [null, null], samples: 2, seed: 0 }, work()),
      ask: () => distributionWork({ ...place, token: 0, policies: [{ folder, iteration: 2 }], top: 4 }, work()),
      card: () => cardWork({ job: 0, checkpoint: { folder, iteration: 2 } }, work()),
      compare: () => cosineWork({ job: 0, left: { folder, iteration: 1 }, right: { folder, iteration: 2 } }, work()),
    };
    for (const [name, run] of Object.entries(all)) await expect(run(), name).rejects.toThrow(ALONE);
    // What the line says to do.
    for (const iteration of ['000001', '000002']) {
      for (const name of ['adapter_config.json', 'adapter_model.safetensors'])
        await copyFile(join(await serverFolder('away', iteration), name), join(folder, 'checkpoints', iteration, name));
    }
    const { branches } = await all.fork();
    expect(branches).toEqual([1, 2]);
    const rows = await new RolloutReader().negotiation(folder, (await readBranchIndex(folder)).branches[0]!.rollouts, 0);
    expect(rows.slice(1).map(({ player }) => player)).toEqual(rows.slice(1).map(() => 'away@1'));
    expect(rows.slice(1).every(({ log_probs }) => log_probs.length > 0 && log_probs.every((value) => value <= 0))).toBe(true);
    const { policies, tokens } = await all.ask();
    expect(policies[0]!.name).toBe('away@2');
    expect(tokens).toHaveLength(policies[0]!.free.length);
    expect(policies[0]!.free.reduce((sum, p) => sum + p, policies[0]!.rest[0])).toBeCloseTo(1, 4);
    expect((await all.card()).text).toContain('trained by');
    expect(await all.compare()).toMatch(/all +[01]\.\d/);
  });

  it('knows its base model by name and tokenizer where it began without the weights', async () => {
    await start({ archives: true });
    const bare = join(root, 'tokenizer');
    await mkdir(bare);
    for (const name of await readdir(model))
      if (!/^(model\.safetensors|config\.json)$/.test(name)) await copyFile(join(model, name), join(bare, name));
    const settings = { ...PLAIN, ...onServer(server!, 'sum'), policy: bare };
    await train('bare', settings, 1);
    const card = () => cardWork({ job: 0, checkpoint: { folder: join(root, 'bare'), iteration: 1 } }, work());
    await expect(card()).rejects.toThrow(/^the base model .* is not on this machine \(no config\.json\): put it there$/);
    for (const name of ['model.safetensors', 'config.json']) await copyFile(join(model, name), join(bare, name));
    expect((await card()).text).toContain('trained by');
    await writeFile(join(bare, 'tokenizer.json'), `${await readFile(join(bare, 'tokenizer.json'), 'utf8')}\n`);
    await expect(card()).rejects.toThrow(/is not the model that the run in .* began with/);
  });

  it.each([true, false])(
    'keeps the weights of checkpoints and of its newest state there, where the server removes others: %s',
    async (deletes) => {
      await start({ deletes });
      const name = `swept-${deletes}`;
      const saved: string[] = [];
      const settings = { ...PLAIN, iterations: 9, checkpointEvery: 2, ...onServer(server!, 'sum') };
      await train(name, settings, 3);
      for (const { body } of server!.asks('/save_weights')) saved.push(server!.folderOf(`tinker://${body.model_id}/weights/${body.path}`));
      // States of 0 to 3; the run keeps checkpoints of 0 and 2, and goes on from 3.
      expect(saved.map((path) => existsSync(path))).toEqual([true, !deletes, true, true]);
      const { events } = await trainUntil(toyParams(join(root, name)), 5);
      expect(events.flatMap((event) => (event.type === 'committed' ? [event.line.iteration] : []))).toEqual([4, 5]);
      expect(existsSync(saved[3]!)).toBe(true);
      // A checkpoint of an earlier session can still be gone back to, and a fork leaves it to its run.
      const fork = join(root, `${name}-fork`);
      await forkRun(join(root, name), 2, fork);
      await trainUntil(toyParams(fork), 4);
      expect(existsSync(saved[2]!)).toBe(true);
    },
  );

  it('trains against a checkpoint that lies on the same server', async () => {
    await start();
    await train('met', { ...PLAIN, ...onServer(server!, 'sum') }, 1);
    const settings = { ...PLAIN, ...onServer(server!, 'sum'), opponent: `${join(root, 'met')}@1` };
    expect((await train('best', settings, 1)).ended.how).toBe('stopped');
    const { file } = await RunFolder.open(join(root, 'best'));
    expect(file!.opponent).toMatchObject({ name: 'met@1', checkpoint: { sha256: expect.stringMatching(/^(?!e3b0c442)/) } });
  });

  it('says beforehand what the server cannot do', async () => {
    await start();
    expect(() => toyConfig(onServer(server!, 'sum'))).toThrow(
      'preset embedded: a training server cannot hold sampling to a mask: set decoding=free, or decoding=retry',
    );
    const settings = { ...PLAIN, ...onServer(server!, 'sum') };
    expect(() => toyConfig({ ...settings, temperature: 0.7 })).toThrow('test: a training server scores tokens at temperature 1');
    expect(() => toyConfig({ ...settings, adapter: { kind: 'full' } })).toThrow('test: a training server trains LoRA adapters only');
    expect(() => toyConfig({ ...settings, adapter: { targets: ['q_proj'] } })).toThrow(
      'which layers are adapted is the training server’s choice',
    );
    const noted = { ...settings, decoding: 'retry', klCoefficient: 0.1, entropyCoefficient: 0.01, clipNorm: 1 };
    const { events } = await train('notes', noted, 0);
    const lines = events.flatMap((event) => (event.type === 'log' ? [event.line] : []));
    expect(lines).toContain('clipNorm 1 is not applied: the Tinker API has no gradient clipping');
    expect(lines.join('\n')).toMatch(/the KL and entropy loss is folded into the advantages, the entropy part noisier/);
    expect(lines.join('\n')).toMatch(/adapter\.alpha 8 is not sent/);
  });

  it('trains from the command line with a key from the environment, which is kept nowhere', async () => {
    await start({ key: 'sesame-12345' });
    const out = join(root, 'cli');
    const words = [
      'train',
      '--engine',
      'tinker',
      '--base-url',
      server!.url,
      '--base-model',
      server!.baseModel,
      '--policy',
      model,
      '--out',
      out,
    ];
    const small =
      '--iterations 1 --rank 2 --preset embedded --set decoding=retry --set negotiations=4 --set groupSize=2 --set gameSettings.rounds=1';
    const without = await runCommandLine([...words, ...small.split(' ')]);
    expect(without).toMatchObject({ code: 1, err: expect.stringContaining('HTTP 401: Invalid API key. Give its key: set TINKER_API_KEY') });
    process.env.TINKER_API_KEY = 'sesame-12345';
    try {
      const { code, out: printed, err } = await runCommandLine([...words, ...small.split(' ')]);
      expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('clipNorm 1 is not applied') });
      expect(printed).toContain('reward a round');
      expect(printed + err).not.toContain('sesame');
    } finally {
      delete process.env.TINKER_API_KEY;
    }
    for (const file of ['run.json', 'journal.jsonl', 'checkpoints/000001/server_weights.json'])
      expect(await readFile(join(out, file), 'utf8')).not.toContain('sesame');
    expect(server!.asks('/create_model')[0]!.body.lora_config).toMatchObject({ rank: 2, seed: 0 });
  });
});
