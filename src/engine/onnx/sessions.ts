import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { Graph } from './graph/graph';
import { openSession, type SessionSettings } from './runtime';

/** Named tensors, as sessions take and return them. */
export type Feeds = Record<string, Tensor>;

/** How many sessions stay open. */
export interface SessionLimits {
  readonly most: number;
  /** Bytes that their graphs may make together. A session keeps the memory that it ran in, and each length of transcripts has its own. */
  readonly bytes: number;
  /** So many of the large ones stay whatever they take: those that one step needs. */
  readonly least: number;
}

interface OpenSession {
  readonly session: Promise<InferenceSession>;
  readonly bytes: number;
}

/** Graphs that make less than this are not worth closing for the memory's sake. */
const LARGE = 1 << 24;

/** Sessions by key, each built when first asked for; the least recently used one makes room. */
export class Sessions {
  private readonly open = new Map<string, OpenSession>();
  private readonly onDevice = new Set<Tensor>();

  constructor(
    readonly settings: SessionSettings,
    private readonly limits: SessionLimits,
  ) {}

  /** Whether tensors can stay on the device between runs. Elsewhere inputs are read where they lie, or onnxruntime has no such way. */
  get keeps(): boolean {
    return this.settings.device === 'webgpu';
  }

  /** The session of a graph that `key` names completely; with `outputs` on the device, its results are to be kept by `keep`. */
  get(key: string, build: () => Graph, outputs: 'host' | 'device' = 'host'): Promise<InferenceSession> {
    let opened = this.open.get(key);
    if (opened) {
      this.open.delete(key);
    } else {
      const graph = build();
      // What lies on the device may need the session that made it.
      const bytes = outputs === 'device' ? 0 : graph.bytes();
      opened = { session: openSession(graph.encode(), this.settings, outputs, graph.besides), bytes };
      opened.session.catch(() => this.open.delete(key));
    }
    this.open.set(key, opened);
    this.makeRoom();
    return opened.session;
  }

  /** Whether a graph's session is open. */
  has(key: string): boolean {
    return this.open.has(key);
  }

  private makeRoom(): void {
    const large = [...this.open.values()].filter(({ bytes }) => bytes >= LARGE);
    let [bytes, count] = [large.reduce((sum, each) => sum + each.bytes, 0), large.length];
    for (const [oldest, unused] of this.open) {
      const isLarge = unused.bytes >= LARGE;
      const tooMuch = isLarge && bytes > this.limits.bytes && count > this.limits.least;
      if (!tooMuch && this.open.size <= this.limits.most) continue;
      this.open.delete(oldest);
      if (isLarge) [bytes, count] = [bytes - unused.bytes, count - 1];
      unused.session.then((each) => this.close(each)).catch(() => {});
    }
  }

  /** Copies of tensors of floats on the device, so that they are not sent there with every run; the same tensors where that makes no difference. */
  async upload(tensors: Feeds): Promise<Feeds> {
    if (!this.keeps) return tensors;
    const copies: Feeds = {};
    for (const [name, tensor] of Object.entries(tensors)) {
      const rank = tensor.dims.length;
      const session = await this.get(`upload ${rank}`, () => copyGraph(rank), 'device');
      copies[name] = this.keep(await session.run({ x: tensor })).y!;
    }
    return copies;
  }

  /** Takes charge of results that lie on the device. */
  keep(outputs: Readonly<Record<string, Tensor>>): Feeds {
    for (const tensor of Object.values(outputs)) this.onDevice.add(tensor);
    return outputs;
  }

  /** Frees what lies on the device; nobody may use it any more. */
  drop(tensors: Feeds): void {
    for (const tensor of Object.values(tensors)) if (this.onDevice.delete(tensor)) tensor.dispose();
  }

  float(data: Float32Array, shape: readonly number[]): Tensor {
    return new this.settings.runtime.Tensor('float32', data, shape);
  }

  /** One float in a tensor without axes. */
  scalar(x: number): Tensor {
    return this.float(Float32Array.of(x), []);
  }

  int64(data: BigInt64Array, shape: readonly number[]): Tensor {
    return new this.settings.runtime.Tensor('int64', data, shape);
  }

  async dispose(): Promise<void> {
    const all = [...this.open.values()];
    this.open.clear();
    // Before the sessions, whose device they lie on.
    for (const tensor of this.onDevice) tensor.dispose();
    this.onDevice.clear();
    for (const { session } of all) await session.then((each) => this.close(each)).catch(() => {});
  }

  private close(session: InferenceSession): Promise<void> {
    if (this.settings.profile !== undefined) session.endProfiling();
    return session.release();
  }
}

/** A copy of `x`, of as many axes. */
function copyGraph(rank: number): Graph {
  const graph = new Graph('copy');
  const x = graph.input(
    'x',
    'float32',
    Array.from({ length: rank }, (_, axis) => `d${axis}`),
  );
  graph.output('y', graph.node('Identity', [x], { shape: x.shape }));
  return graph;
}

/** The float data of an output. @throws Error when the session did not return it. */
export function floats(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`the session returned no floats called ${name}`);
  return data;
}

/** Writes integers into an int64 array whose upper words are zero: fast, for values below 2³¹. */
export function int64View(data: BigInt64Array): Int32Array {
  return new Int32Array(data.buffer, data.byteOffset, data.length * 2);
}

/** Rows `from` to `to` of columns, each as a tensor `[rows, 1]`. */
export function columnTensors(
  sessions: Sessions,
  columns: Readonly<Record<string, Float32Array | BigInt64Array>>,
  from: number,
  to: number,
): Feeds {
  const shape = [to - from, 1];
  return Object.fromEntries(
    Object.entries(columns).map(([name, data]) => [
      name,
      data instanceof Float32Array ? sessions.float(data.subarray(from, to), shape) : sessions.int64(data.subarray(from, to), shape),
    ]),
  );
}
