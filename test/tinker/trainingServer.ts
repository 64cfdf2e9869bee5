import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { OnnxEngine } from '../../src/engine/onnx/engine';
import { adapterArchive } from './archive';
import { readForwardBackward } from './protobufReader';
import { type Path, type RequestOf, requests } from './requests';
import { OperationFailed, openEngine, pathOf, type Sampled, ServerModel } from './serverModel';
import { type Outcome, ok, WorkQueue } from './workQueue';

/** How a server behaves. */
export interface TrainingServerOptions {
  /** Folder of the base model. */
  readonly model: string;
  readonly baseModel?: string;
  /** Any that is free unless given. */
  readonly port?: number;
  readonly normalisation?: 'sum' | 'mean-of-means';
  readonly alpha?: number;
  /** The base model counts. */
  readonly maxLoraAdapters?: number;
  /** Milliseconds without a heartbeat after which a session's models are unloaded. */
  readonly sessionTimeout?: number;
  readonly now?: () => number;
  /** Milliseconds that a future is waited for before 408. */
  readonly longPoll?: number;
  readonly protobufOnly?: boolean;
  /** Whether prompt_logprobs begins with a null for the first token. */
  readonly leadingNull?: boolean;
  readonly key?: string;
  /** Whether saved adapters can be fetched. */
  readonly archives?: boolean;
  /** Whether saved weights can be removed; they can unless this is false. */
  readonly deletes?: boolean;
}

/** What a request meets instead of being served; `serve` serves it after all. */
export type Misbehaviour = (response: ServerResponse, serve: () => void) => void;

/** A request as it came. */
export interface Seen {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly key: string | undefined;
}

class HttpFault extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A training server on this machine, for tests: the Tinker API to the letter, computed by the engine on onnxruntime. */
export class TrainingServer {
  readonly seen: Seen[] = [];
  readonly #misbehaviours = new Map<string, Misbehaviour[]>();
  readonly #queue: WorkQueue;
  #server: Server | undefined;
  #port = 0;
  #heartbeats = new Map<string, number>();
  #models = new Map<string, { readonly session: string; readonly model: ServerModel }>();
  #samplers = new Map<string, Sampled>();
  #futures = new Map<string, Promise<Outcome>>();
  /** What was asked under a number, `[model or sampling session][seq_id]`. */
  #asked = new Map<string, { readonly sum: string; readonly request: string }>();

  private constructor(
    private readonly options: TrainingServerOptions,
    private readonly root: string,
    private readonly base: OnnxEngine,
  ) {
    this.#port = options.port ?? 0;
    this.#queue = new WorkQueue((session) => this.#samplers.get(session), options.leadingNull ?? false);
  }

  static async start(options: TrainingServerOptions): Promise<TrainingServer> {
    const server = new TrainingServer(options, await mkdtemp(join(tmpdir(), 'parley-server-')), await openEngine(options.model));
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get baseModel(): string {
    return this.options.baseModel ?? 'test/base';
  }

  /** Ids of the models that are loaded. */
  get models(): string[] {
    return [...this.#models.keys()];
  }

  /** The only model that is loaded. */
  get model(): ServerModel {
    return [...this.#models.values()].at(-1)!.model;
  }

  /** The folder behind a path such as `tinker://model_1/weights/a`. */
  folderOf(path: string): string {
    return pathOf(this.root, path);
  }

  /** What the next requests of a path meet, one each. */
  misbehave(path: Path, ...behaviours: readonly Misbehaviour[]): void {
    this.#misbehaviours.set(path, [...(this.#misbehaviours.get(path) ?? []), ...behaviours]);
  }

  asks(path: Path): Seen[] {
    return this.seen.filter((each) => each.path === path);
  }

  /** Listens, on the same port as before. */
  async listen(): Promise<void> {
    const server = createServer((incoming, response) => void this.#receive(incoming, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Dies: nobody is answered any more, and what was in memory is gone. */
  async die(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      server?.close(() => resolve());
      server?.closeAllConnections();
      if (!server) resolve();
    });
    await this.forget();
  }

  /** Forgets sessions, models and requests; saved weights stay. */
  async forget(): Promise<void> {
    await this.#queue.idle;
    const models = [...this.#models.values()];
    this.#models = new Map();
    this.#samplers = new Map();
    this.#futures = new Map();
    this.#asked = new Map();
    this.#heartbeats = new Map();
    for (const { model } of models) await model.engine.dispose();
  }

  async close(): Promise<void> {
    await this.die();
    await this.base.dispose();
    await rm(this.root, { recursive: true, force: true });
  }

  async #receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const path = (incoming.url ?? '').replace('/api/v1', '');
    const key = incoming.headers['x-api-key'] as string | undefined;
    const send = ({ status, body }: Outcome): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const serve = async (): Promise<void> => {
      try {
        if (this.options.key !== undefined && key !== this.options.key) throw new HttpFault(401, 'Invalid API key');
        if (incoming.method === 'DELETE') return await this.#delete(path, response);
        if (incoming.method === 'GET' && path !== '/get_server_capabilities') return await this.#archive(path, response);
        const json = this.#read(path, incoming.headers['content-type'] ?? '', Buffer.concat(chunks));
        this.seen.push({ path, body: json as Seen['body'], key });
        send(await this.#answer(path, json));
      } catch (error) {
        if (!(error instanceof HttpFault)) throw error;
        send({ status: error.status, body: { detail: error.message } });
      }
    };
    const behaviour = this.#misbehaviours.get(path)?.shift();
    if (behaviour) behaviour(response, () => void serve());
    else await serve();
  }

  /** The route of an archive leads to where it is. */
  async #archive(path: string, response: ServerResponse): Promise<void> {
    const [, model, name] = /^\/training_runs\/([^/]+)\/checkpoints\/(.+)\/archive$/.exec(path) ?? [];
    if (this.options.archives && model && name) {
      response.writeHead(302, { location: `${this.url}/stored/${model}/${name}` }).end();
      return;
    }
    const stored = /^\/stored\/(.+)$/.exec(path)?.[1];
    if (!this.options.archives || !stored || !existsSync(pathOf(this.root, stored))) throw new HttpFault(404, 'Not Found');
    response.writeHead(200, { 'content-type': 'application/gzip' }).end(await adapterArchive(pathOf(this.root, stored)));
  }

  /** Removes saved weights, whose name says of which kind they are. */
  async #delete(path: string, response: ServerResponse): Promise<void> {
    const [, model, name] = /^\/training_runs\/([^/]+)\/checkpoints\/(.+)$/.exec(path) ?? [];
    if (this.options.deletes === false || !model || !name) throw new HttpFault(405, 'Method Not Allowed');
    if (!/^(weights|sampler_weights)\/[^/]+$/.test(name)) throw new HttpFault(400, 'Invalid checkpoint identifier');
    const folder = pathOf(this.root, `tinker://${model}/${name}`);
    if (!existsSync(folder)) throw new HttpFault(404, 'Checkpoint not found');
    await rm(folder, { recursive: true });
    response.writeHead(204).end();
  }

  #read(path: string, type: string, body: Buffer): unknown {
    if (path === '/forward_backward' && this.options.protobufOnly) {
      if (type !== 'application/x-protobuf') throw new HttpFault(415, 'Unsupported media type');
      return readForwardBackward(body);
    }
    if (body.length === 0) return {};
    if (!type.startsWith('application/json')) throw new HttpFault(415, 'Unsupported media type');
    try {
      return JSON.parse(body.toString()) as unknown;
    } catch {
      throw new HttpFault(422, 'not JSON');
    }
  }

  async #answer(path: string, json: unknown): Promise<Outcome> {
    const { now = Date.now, sessionTimeout = 300_000 } = this.options;
    if (path === '/get_server_capabilities') return ok({ supported_models: [{ model_name: this.baseModel }] });
    for (const [session, last] of this.#heartbeats) if (now() - last > sessionTimeout) await this.#expire(session);
    const schema = Object.hasOwn(requests, path) ? requests[path as Path] : undefined;
    if (!schema) throw new HttpFault(404, 'Not Found');
    const parsed = schema.safeParse(json);
    if (!parsed.success) throw new HttpFault(422, JSON.stringify(parsed.error.issues[0]));
    const { data } = parsed;
    switch (path as Path) {
      case '/create_session': {
        const session = randomUUID();
        this.#heartbeats.set(session, now());
        return ok({ type: 'create_session', session_id: session });
      }
      case '/session_heartbeat': {
        const { session_id } = data as RequestOf<'/session_heartbeat'>;
        this.#session(session_id);
        this.#heartbeats.set(session_id, now());
        return ok({ type: 'session_heartbeat' });
      }
      case '/create_model':
        return this.#createModel(data as RequestOf<'/create_model'>);
      case '/unload_model': {
        const { model_id } = data as RequestOf<'/unload_model'>;
        const { model } = this.#find(model_id);
        this.#models.delete(model_id);
        return this.#work(async () => {
          await model.engine.dispose();
          return { model_id };
        });
      }
      case '/forward_backward': {
        const body = data as RequestOf<'/forward_backward'>;
        return this.#once(body, path, (model) => model.forwardBackward(body.forward_backward_input));
      }
      case '/optim_step': {
        const body = data as RequestOf<'/optim_step'>;
        return this.#once(body, path, (model) => model.optimStep(body, this.options.normalisation ?? 'sum'));
      }
      case '/save_weights': {
        const { model_id, path: name } = data as RequestOf<'/save_weights'>;
        return this.#save(model_id, `tinker://${model_id}/weights/${name}`, true);
      }
      case '/load_weights': {
        const body = data as RequestOf<'/load_weights'>;
        return this.#once(body, path, async (model) => {
          await model.load(pathOf(this.root, body.path));
          return { path: body.path };
        });
      }
      case '/save_weights_for_sampler': {
        const body = data as RequestOf<'/save_weights_for_sampler'>;
        if (body.path !== undefined) return this.#save(body.model_id, `tinker://${body.model_id}/${body.path}`, false);
        return this.#once({ ...body, seq_id: body.seq_id ?? -1 }, path, async (model) => {
          const id = randomUUID();
          this.#samplers.set(id, await model.snapshot());
          return { path: null, sampling_session_id: id };
        });
      }
      case '/create_sampling_session':
        return this.#createSampler(data as RequestOf<'/create_sampling_session'>);
      case '/asample': {
        const body = data as RequestOf<'/asample'>;
        const session = body.sampling_session_id;
        if (!this.#samplers.has(session)) throw new HttpFault(404, `Sampling session ${session} not found`);
        return this.#repeatable(`${session} ${body.seq_id}`, body, (done) => this.#queue.add({ kind: 'sample', session, body, done }));
      }
      case '/retrieve_future': {
        const future = this.#futures.get((data as RequestOf<'/retrieve_future'>).request_id);
        if (!future) throw new HttpFault(404, 'Future not found');
        const late = wait(this.options.longPoll ?? 20_000, { status: 408, body: { detail: 'Timeout waiting for result' } }, { ref: false });
        return Promise.race([future, late]);
      }
    }
  }

  #createModel({ session_id, base_model, lora_config }: RequestOf<'/create_model'>): Outcome {
    this.#session(session_id);
    const model_id = `model_${randomUUID().slice(0, 8)}`;
    const outcome = this.#work(async () => {
      if (base_model !== this.baseModel) throw new OperationFailed(`this server has ${this.baseModel}, not ${base_model}`);
      if (this.#models.size + 2 > (this.options.maxLoraAdapters ?? 4)) throw new OperationFailed('no free adapter slot: max_lora_adapters');
      const model = await ServerModel.create(this.options.model, lora_config, this.options.alpha ?? 16);
      this.#models.set(model_id, { session: session_id, model });
      return { model_id, base_model, lora_config };
    });
    return { ...outcome, body: { ...(outcome.body as object), model_id } };
  }

  async #createSampler({ session_id, base_model, model_path }: RequestOf<'/create_sampling_session'>): Promise<Outcome> {
    this.#session(session_id);
    const id = randomUUID();
    if (base_model !== undefined) {
      if (base_model !== this.baseModel) throw new HttpFault(400, `this server has ${this.baseModel}, not ${base_model}`);
      this.#samplers.set(id, { engine: this.base, policy: this.base.base });
    } else {
      const folder = pathOf(this.root, model_path!);
      if (!existsSync(folder)) throw new HttpFault(404, `${model_path} not found`);
      this.#samplers.set(id, { engine: this.base, policy: await this.base.loadPolicy(folder, model_path!) });
    }
    return ok({ type: 'create_sampling_session', sampling_session_id: id });
  }

  #save(id: string, path: string, optimizer: boolean): Outcome {
    const { model } = this.#find(id);
    const folder = pathOf(this.root, path);
    if (existsSync(folder)) throw new HttpFault(409, `Checkpoint ${path} already exists`);
    return this.#work(async () => {
      await model.save(folder, optimizer);
      return { path };
    });
  }

  /** A call of a model that has a number: repeated it is the same request, changed a conflict. */
  #once(body: { readonly model_id: string; readonly seq_id: number }, path: string, run: (model: ServerModel) => Promise<object>): Outcome {
    const { model } = this.#find(body.model_id);
    return this.#repeatable(`${body.model_id} ${body.seq_id}`, { path, ...body }, (done) => {
      model.asked++;
      this.#queue.add({ kind: 'work', run: () => run(model), done });
    });
  }

  #repeatable(under: string, body: object, begin: (done: (outcome: Outcome) => void) => void): Outcome {
    const sum = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    const before = this.#asked.get(under);
    if (before && before.sum !== sum) throw new HttpFault(409, 'seq_id was used for another request');
    const request = before?.request ?? this.#future(begin);
    this.#asked.set(under, { sum, request });
    return pending(request);
  }

  #work(run: () => Promise<object>): Outcome {
    return pending(this.#future((done) => this.#queue.add({ kind: 'work', run, done })));
  }

  #future(begin: (done: (outcome: Outcome) => void) => void): string {
    const request = randomUUID();
    this.#futures.set(request, new Promise<Outcome>(begin));
    return request;
  }

  async #expire(session: string): Promise<void> {
    this.#heartbeats.delete(session);
    for (const [id, { session: of, model }] of this.#models) {
      if (of !== session) continue;
      this.#models.delete(id);
      await this.#queue.idle;
      await model.engine.dispose();
    }
  }

  #session(session: string): void {
    if (!this.#heartbeats.has(session)) throw new HttpFault(404, `Session ${session} not found`);
  }

  #find(id: string): { readonly model: ServerModel } {
    const found = this.#models.get(id);
    if (!found) throw new HttpFault(404, `Model ${id} not found`);
    return found;
  }
}

function pending(request: string): Outcome {
  return ok({ future_id: request, status: 'pending', request_id: request });
}
