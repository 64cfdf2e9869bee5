import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { always, badGateway, hangs, json, losesAnswer, raw, resets } from '../../../test/tinker/misbehaviours';
import type { Path } from '../../../test/tinker/requests';
import { type Misbehaviour, TrainingServer, type TrainingServerOptions } from '../../../test/tinker/trainingServer';
import type { Learner, LossSettings, TrainSequence } from '../engine';
import { TINY_OPTIMIZER, temporaryFolder, writeTinyModel } from '../onnx/tinyModel';
import { openTinkerEngine, type TinkerEngineOptions } from './openTinkerEngine';
import type { TinkerEngine } from './tinkerEngine';

// Models are loaded and trained, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const ADAPTER = { kind: 'lora', rank: 4, alpha: 8, seed: 3 } as const;
const LOSS: LossSettings = { klCoefficient: 0, klOver: 'full', entropyCoefficient: 0, temperature: 1, ratioCap: 2 };

let folder: { path: string; remove(): Promise<void> };
let model: string;
let server: TrainingServer;
let engine: TinkerEngine;
let learner: Learner;

/** A clock that tests read; waiting takes no time on it but what it says. */
class TestClock {
  time = 0;
  readonly waits: number[] = [];
  now = (): number => this.time;
  sleep = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    this.waits.push(milliseconds);
    this.time += milliseconds;
    await new Promise((resolve) => setImmediate(resolve));
  };
}
let clock: TestClock;

beforeAll(async () => {
  folder = await temporaryFolder();
  model = join(folder.path, 'model');
  await mkdir(model);
  await writeTinyModel(model);
});
afterAll(() => folder.remove());
beforeEach(() => {
  clock = new TestClock();
});
afterEach(async () => {
  await engine?.dispose();
  await server?.close();
});

async function open(of: Partial<TrainingServerOptions> = {}, options: Partial<TinkerEngineOptions> = {}): Promise<void> {
  server = await TrainingServer.start({ model, alpha: 8, ...of });
  engine = await openTinkerEngine({
    baseUrl: server.url,
    baseModel: server.baseModel,
    tokenizer: model,
    normalisation: 'sum',
    signal: new AbortController().signal,
    version: 'test',
    clock,
    ...options,
  });
  learner = await engine.createLearner(ADAPTER, TINY_OPTIMIZER);
}

/** One transcript of one turn. */
async function transcript(): Promise<TrainSequence> {
  const lanes = engine.open(learner, 1, 32);
  const read = engine.tokenizer.observe('you play', { first: true, kind: 'action' });
  const [sample] = await engine.sample(
    [{ lane: lanes[0]!, read, constraint: null, validAgainst: null, maxTokens: 4, uniform: () => 0.25 }],
    { temperature: 1, topP: 1, topK: 0 },
  );
  engine.close(lanes);
  const { tokens, logProbs } = sample!;
  return {
    tokens: Int32Array.from([...read, ...tokens]),
    positions: Int32Array.from(tokens, (_, i) => read.length + i),
    credits: Float32Array.from(tokens, () => 1),
    samplingLogProbs: logProbs,
    masks: Array.from(tokens, () => null),
    weights: Float32Array.from(tokens, () => 1),
  };
}

const step = async (loss = LOSS) => engine.train([await transcript()], loss);

describe('a server that is merely difficult', () => {
  const patient: readonly [string, Path, readonly Misbehaviour[]][] = [
    ['cuts the connection', '/optim_step', [resets, resets]],
    ['loses its answer to a batch', '/forward_backward', [losesAnswer]],
    ['loses its answer to a step', '/optim_step', [losesAnswer]],
    ['loses its answer to a sample', '/asample', [losesAnswer]],
    ['sits behind a gateway that fails', '/forward_backward', [badGateway, raw(503, '')]],
    ['says 408 for a while', '/retrieve_future', [json(408, { detail: 'Timeout' }), json(408, {}), json(408, {})]],
    ['says to try again', '/retrieve_future', [json(200, { type: 'try_again', queue_state: 'paused_capacity' })]],
    ['is not through with what it writes', '/optim_step', [json(425, { detail: 'Checkpoint is still being created' })]],
    ['takes a repeated request for a conflict', '/save_weights_for_sampler', [json(409, { detail: 'Checkpoint ss0_seq0 already exists' })]],
    ['limits requests', '/asample', [json(429, { detail: 'slow down' }, { 'retry-after': '7' })]],
  ];
  it.each(patient)('%s: the step is taken once', async (_, path, behaviours) => {
    await open();
    server.misbehave(path, ...behaviours);
    const { loss, gradNorm } = await step();
    expect([Number.isFinite(loss), gradNorm > 0]).toEqual([true, true]);
    expect(learner.steps).toBe(1);
    expect(server.model.policy).toMatchObject({ steps: 1 });
    // Handing over the weights, the batch, the step: what was sent twice was done once.
    expect(server.model.asked).toBe(3);
    if (path === '/asample' && behaviours.length === 1 && behaviours[0] !== losesAnswer) expect(clock.waits).toContain(7000);
  });

  it('takes protobuf only: the gradient is that of JSON', async () => {
    await open({ protobufOnly: true });
    const sequence = await transcript();
    const there = await engine.train([sequence], LOSS);
    const body = server.asks('/forward_backward').at(-1)!.body;
    await engine.dispose();
    await server.close();
    await open();
    const again = await engine.train([await transcript()], LOSS);
    expect(there.gradNorm).toBeCloseTo(again.gradNorm, 5);
    expect(there.loss).toBeCloseTo(again.loss, 5);
    const { data } = server.asks('/forward_backward').at(-1)!.body.forward_backward_input as { data: { model_input: object }[] };
    expect((body.forward_backward_input as { data: { model_input: object }[] }).data[0]!.model_input).toEqual(data[0]!.model_input);
  });

  it('is told every so often that we are there', async () => {
    await open({}, { heartbeat: 5 });
    await expect.poll(() => server.asks('/session_heartbeat').length).toBeGreaterThan(2);
    await engine.dispose();
    expect(server.models).toEqual([]);
  });
});

describe('a server that fails', () => {
  const told = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'nothing',
      (error: unknown) => (error as Error).message.replace(/127\.0\.0\.1:\d+/g, 'HOST'),
    );
  const failures: readonly [string, Path, readonly Misbehaviour[], RegExp][] = [
    [
      'answers garbage',
      '/forward_backward',
      always(raw(200, 'hello')),
      /^training server http:\/\/HOST: what it answers to training cannot be understood \(no JSON\): HTTP 200: hello\. Is it a server of the Tinker API\?$/,
    ],
    [
      'answers a result of another shape',
      '/retrieve_future',
      always(json(200, { loss_fn_outputs: [{}] })),
      /handing the weights to the sampler cannot be understood \(sampling_session_id: /,
    ],
    [
      'fails in the operation',
      '/retrieve_future',
      [json(400, { detail: 'CUDA out of memory' })],
      /to the sampler: HTTP 400: CUDA out of memory\. See the server’s log$/,
    ],
    [
      'tells a failure as a result',
      '/retrieve_future',
      [json(200, { error: 'engine died', category: 'server' })],
      /to the sampler failed: HTTP 200: engine died$/,
    ],
    [
      'has forgotten the request',
      '/retrieve_future',
      [json(404, { detail: 'Future not found' })],
      /It does not know this any more, as after a restart\. Resume the run/,
    ],
    ['has let a result expire', '/retrieve_future', [json(410, {})], /It does not know this any more/],
    [
      'says 408 for ever',
      '/retrieve_future',
      always(json(408, {})),
      /to the sampler took longer than 60 minutes\. See the server's log\. Resume the run/,
    ],
    [
      'says try again for ever',
      '/retrieve_future',
      always(json(200, { type: 'try_again', queue_state: 'paused_rate_limit' })),
      /took longer than 60 minutes \(its queue is paused_rate_limit\)/,
    ],
    [
      'breaks',
      '/optim_step',
      always(json(500, { detail: 'Internal Server Error' })),
      /\/optim_step HTTP 500: Internal Server Error, 8 attempts\. See its log\. Resume the run/,
    ],
    [
      'wants a key',
      '/asample',
      always(json(401, { detail: 'no key' })),
      /HTTP 401: no key\. Give its key: set TINKER_API_KEY, or choose Set API Key…$/,
    ],
    [
      'limits requests for ever',
      '/asample',
      always(json(429, {}, { 'retry-after': '3600' })),
      /it asks to wait 60 minutes\. Resume the run/,
    ],
    ['redirects', '/optim_step', always(json(307, {}, { location: 'http://elsewhere' })), /It redirects: set the address that it leads to/],
    [
      'sees another body under a number',
      '/optim_step',
      always(json(409, { detail: 'seq_id conflict' })),
      /Another client seems to use the same model/,
    ],
  ];
  it.each(failures)('%s: one line that names it and what to do', async (_, path, behaviours, line) => {
    await open();
    server.misbehave(path, ...behaviours);
    expect(await told(step())).toMatch(line);
    expect(learner.steps).toBe(0);
  });

  it('never answers: attempts end, and so does patience', async () => {
    await open({}, { patience: { request: 3000, retries: 0 } });
    server.misbehave('/optim_step', ...always(hangs));
    expect(await told(step())).toMatch(/no answer to \/optim_step within 3 s\. Resume the run/);
  });

  it('is called off at once when the run is stopped', async () => {
    const stop = new AbortController();
    await open({ longPoll: 60_000 }, { signal: stop.signal });
    server.misbehave('/retrieve_future', () => stop.abort(new Error('stopped')));
    expect(await told(step())).toBe('stopped');
  });

  it('has died', async () => {
    await open({}, { patience: { retries: 2 } });
    await server.die();
    expect(await told(step())).toMatch(
      /no connection \(.*ECONNREFUSED.*\), 3 attempts\. Check the address, and that the server runs\. Resume/,
    );
  });

  it('was restarted and knows the model no more', async () => {
    await open();
    const sequence = await transcript();
    await server.forget();
    expect(await told(engine.train([sequence], { ...LOSS, reference: false }))).toMatch(
      /training: HTTP 404: Model model_\w+ not found\. It does not know this any more/,
    );
  });

  it('heard no heartbeat for 300 s: its models are gone, and with the next one the run knows', async () => {
    let now = 0;
    await open({ now: () => now }, { heartbeat: 1e6 });
    now = 300_001;
    expect(await told(step())).toMatch(/HTTP 404: .* not found\. It does not know this any more, as after a restart/);
    expect(server.models).toEqual([]);
  });

  it('loses the session while a result is awaited', async () => {
    await open({}, { heartbeat: 5 });
    server.misbehave('/session_heartbeat', ...always(json(404, { detail: 'Session not found' })));
    server.misbehave('/retrieve_future', ...always(hangs));
    expect(await told(step())).toMatch(/the session’s heartbeat: HTTP 404: Session not found\. It does not know this any more/);
  });

  it('has no room for another adapter, which only the future tells', async () => {
    await open({ maxLoraAdapters: 2 });
    const options = {
      baseUrl: server.url,
      baseModel: server.baseModel,
      tokenizer: model,
      normalisation: 'sum',
      version: 'test',
      clock,
    } as const;
    const second = await openTinkerEngine({ ...options, signal: new AbortController().signal });
    expect(await told(second.createLearner(ADAPTER, TINY_OPTIMIZER))).toMatch(
      /loading test\/base with an adapter of rank 4: HTTP 400: no free adapter slot: max_lora_adapters/,
    );
    await second.dispose();
  });

  it('has another model, and says which', async () => {
    await open();
    const options = { tokenizer: model, normalisation: 'sum', version: 'test', clock, signal: new AbortController().signal } as const;
    expect(await told(openTinkerEngine({ ...options, baseUrl: server.url, baseModel: 'Qwen/Qwen9' }))).toMatch(
      /it does not train Qwen\/Qwen9: it has test\/base$/,
    );
  });

  it('is none of the Tinker API', async () => {
    const other = createServer((_, response) => response.writeHead(404).end('{"detail":"Not Found"}'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const options = { tokenizer: model, normalisation: 'sum', version: 'test', clock, signal: new AbortController().signal } as const;
    expect(await told(openTinkerEngine({ ...options, baseUrl, baseModel: 'x' }))).toMatch(
      /its capabilities: HTTP 404: Not Found\. Is it a server of the Tinker API\?$/,
    );
    other.close();
  });

  it('has lost the weights that a run was saved in', async () => {
    await open();
    const saved = join(folder.path, 'lost');
    await mkdir(saved);
    const fields = { format: 1, server: 'http://old:8000', base_model: server.baseModel, rank: 4, path: 'tinker://m/weights/x', steps: 3 };
    await writeFile(join(saved, 'server_weights.json'), JSON.stringify(fields));
    expect(await told(engine.restoreLearner(saved, ADAPTER, TINY_OPTIMIZER))).toMatch(
      /HTTP 400: there are no such weights\. .*\(tinker:\/\/m\/weights\/x: they were saved at http:\/\/old:8000\)$/,
    );
    expect(await told(engine.loadPolicy(saved, 'x'))).toMatch(/server_sampler\.json is missing: .* holds no policy of a training server/);
    await writeFile(join(saved, 'server_weights.json'), JSON.stringify({ ...fields, rank: 'many' }));
    expect(await told(engine.restoreLearner(saved, ADAPTER, TINY_OPTIMIZER))).toMatch(/server_weights\.json: rank .*number/);
  });
});

it('refuses a batch that is off policy where the KL or the entropy is folded in, before any step', async () => {
  await open();
  const sequence = await transcript();
  const old = { ...sequence, samplingLogProbs: sequence.samplingLogProbs.map((logProb) => logProb - 1) };
  await expect(engine.train([old], { ...LOSS, klCoefficient: 0.1 })).rejects.toThrow(
    'the batch is off policy (mean |log ρ| 1.00): the KL and entropy loss, which are folded into the advantages, hold on policy alone',
  );
  expect(server.asks('/optim_step')).toEqual([]);
});

it('sends no key over http to another machine', async () => {
  const options = {
    tokenizer: model,
    normalisation: 'sum',
    version: 'test',
    baseModel: 'x',
    signal: new AbortController().signal,
  } as const;
  await expect(openTinkerEngine({ ...options, baseUrl: 'http://10.0.0.7:8000', key: 'sesame' })).rejects.toThrow(
    'http://10.0.0.7:8000 is neither https nor this machine: the key would travel in clear. Use https, or a tunnel to 127.0.0.1',
  );
});
