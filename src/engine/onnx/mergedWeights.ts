import { open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseAdapterConfig } from './adapterConfig';
import { toBfloat16, toFloat16 } from './model/halves';
import { openWeights } from './model/modelFolder';
import { fromFloat16, hashFiles, openChecked, readTensor, type SafetensorsFile, type TensorEntry } from './model/safetensors';

/** A weight file of a model folder, and how its merged twin is made. */
export interface MergedFile {
  /** `model.safetensors`, or a shard's name. */
  readonly name: string;
  readonly bytes: number;
  /** The twin's bytes, in pieces of a few megabytes. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/** An adapter's matrices for one linear layer, as PEFT stores them: A `[rank, in]`, B `[out, rank]`. */
interface LayerAdapter {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly rank: number;
  readonly scale: number;
}

/** Bytes that are read and written at once. */
const PIECE = 1 << 22;

/** Metadata of our own files that is not true of a merged one: the checksum of its data, and whose weights it changes. */
const OURS = ['sha256', 'parley.base'];

const ADAPTER_NAME = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;

/**
 * The weight files of a base model with an adapter merged in: W + α/r · B · A (Hu et al. 2021), computed in double precision and
 * rounded once to the base's type. Tensors keep their names, order, shapes and types, and files their shards. A checkpoint that
 * holds all weights is given as it is.
 * @throws Error naming the file that is missing, of another base model, or of a type that is not merged
 */
export async function mergedWeights(base: string, checkpoint: string): Promise<MergedFile[]> {
  const configPath = join(checkpoint, 'adapter_config.json');
  const text = await readFile(configPath, 'utf8').catch(() => null);
  if (text === null) {
    const file = await openChecked(join(checkpoint, 'model.safetensors')).catch((error: Error) => {
      throw new Error(`${checkpoint} holds no policy: no adapter_config.json, and ${error.message}`);
    });
    return [mergedFile(file, new Map())];
  }
  const { rank, alpha } = parseAdapterConfig(text, configPath);
  const adapter = await openChecked(join(checkpoint, 'adapter_model.safetensors'));
  const files = await openWeights(base);
  const trained = adapter.metadata[OURS[1]!];
  if (trained !== undefined && trained !== (await hashFiles(files.map(({ path }) => path)))) {
    throw new Error(`${adapter.path} was trained from another base model (SHA-256 ${trained.slice(0, 12)}…) than ${base} holds`);
  }
  const layers = layersOf(adapter, rank, alpha / rank);
  const unknown = [...layers.keys()].find((name) => !files.some(({ entries }) => entries.has(name)));
  if (unknown !== undefined) throw new Error(`${adapter.path} changes ${unknown}, which ${base} does not have`);
  return files.map((file) => mergedFile(file, layers));
}

/** Matrices by the name of the weight that they change. */
function layersOf(adapter: SafetensorsFile, rank: number, scale: number): Map<string, LayerAdapter> {
  const layers = new Map<string, LayerAdapter>();
  for (const name of adapter.entries.keys()) {
    const [, module, matrix] = ADAPTER_NAME.exec(name) ?? [];
    if (module === undefined) throw new Error(`${adapter.path}: tensor ${name} is no LoRA matrix of a linear layer`);
    if (matrix === 'B') continue;
    const other = name.replace('.lora_A.', '.lora_B.');
    if (adapter.entries.get(name)?.shape[0] !== rank || adapter.entries.get(other)?.shape[1] !== rank)
      throw new Error(`${adapter.path}: ${name} and ${other} are not both of rank ${rank}`);
    layers.set(`${module}.weight`, { a: readTensor(adapter, name), b: readTensor(adapter, other), rank, scale });
  }
  if (layers.size === 0) throw new Error(`${adapter.path} holds no LoRA matrices`);
  return layers;
}

function mergedFile(file: SafetensorsFile, layers: ReadonlyMap<string, LayerAdapter>): MergedFile {
  const tensors = [...file.entries].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  for (const [name, entry] of tensors) checkLayer(file, name, entry, layers.get(name));
  const header = headerOf(file);
  const data = tensors.reduce((sum, [, { start, end }]) => sum + end - start, 0);
  return {
    name: basename(file.path),
    bytes: header.length + data,
    async *pieces() {
      yield header;
      for (const [name, entry] of tensors) {
        const layer = layers.get(name);
        yield* layer === undefined ? rawPieces(file, entry) : mergedPieces(file, entry, layer);
      }
    },
  };
}

function checkLayer(file: SafetensorsFile, name: string, { dtype, shape }: TensorEntry, layer: LayerAdapter | undefined): void {
  if (layer === undefined) return;
  if (!['F32', 'F16', 'BF16'].includes(dtype))
    throw new Error(`${file.path}: tensor ${name} is of type ${dtype}; an adapter can be merged into F32, F16 and BF16`);
  const [outputs = 0, inputs = 0] = shape;
  if (shape.length !== 2 || layer.a.length !== layer.rank * inputs || layer.b.length !== outputs * layer.rank)
    throw new Error(`${file.path}: tensor ${name} is [${shape}], and the adapter’s matrices are for another shape`);
}

/** Length and JSON of the header: tensors one behind the other in the order of their data, the base's metadata but what is ours. */
function headerOf(file: SafetensorsFile): Uint8Array {
  const header: Record<string, unknown> = {};
  const metadata = Object.fromEntries(Object.entries(file.metadata).filter(([key]) => !OURS.includes(key)));
  header.__metadata__ = { format: 'pt', ...metadata };
  let at = 0;
  for (const [name, { dtype, shape, start, end }] of [...file.entries].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    header[name] = { dtype, shape, data_offsets: [at, at + end - start] };
    at += end - start;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Data begins at a multiple of 8 bytes.
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

async function* rawPieces(file: SafetensorsFile, { start, end }: TensorEntry): AsyncGenerator<Uint8Array> {
  const handle = await open(file.path);
  try {
    for (let at = start; at < end; at += PIECE) yield await readExactly(handle, file.path, at, Math.min(PIECE, end - at));
  } finally {
    await handle.close();
  }
}

/** A few rows at a time. */
async function* mergedPieces(file: SafetensorsFile, { dtype, shape, start }: TensorEntry, layer: LayerAdapter): AsyncGenerator<Uint8Array> {
  const [outputs, inputs] = shape as [number, number];
  const size = dtype === 'F32' ? 4 : 2;
  const step = Math.max(1, Math.floor(PIECE / (inputs * size)));
  const handle = await open(file.path);
  try {
    for (let row = 0; row < outputs; row += step) {
      const rows = Math.min(step, outputs - row);
      const bytes = await readExactly(handle, file.path, start + row * inputs * size, rows * inputs * size);
      yield encoded(mergedRows(decoded(bytes, dtype), layer, row, rows, inputs), dtype);
    }
  } finally {
    await handle.close();
  }
}

/** Rows `[rows][inputs]` of W + scale · B · A, from a row on; four ranks in one pass over a row, which is read and written a quarter as often. */
function mergedRows(weights: Float32Array, { a, b, rank, scale }: LayerAdapter, first: number, rows: number, inputs: number): Float64Array {
  const merged = Float64Array.from(weights);
  // Ranks that are missing for the last four are zeros.
  const factors = new Float64Array(Math.ceil(rank / 4) * 4);
  const none = new Float32Array(inputs);
  const rowOf = (r: number): Float32Array => (r < rank ? a.subarray(r * inputs, (r + 1) * inputs) : none);
  const fours = Array.from(
    { length: factors.length / 4 },
    (_, q): FourRows => [rowOf(4 * q), rowOf(4 * q + 1), rowOf(4 * q + 2), rowOf(4 * q + 3)],
  );
  for (let row = 0; row < rows; row++) {
    const target = merged.subarray(row * inputs, (row + 1) * inputs);
    for (let r = 0; r < rank; r++) factors[r] = scale * b[(first + row) * rank + r]!;
    fours.forEach((four, q) => {
      addFour(target, factors.subarray(4 * q, 4 * q + 4), four);
    });
  }
  return merged;
}

type FourRows = readonly [Float32Array, Float32Array, Float32Array, Float32Array];

function addFour(target: Float64Array, factors: Float64Array, [a0, a1, a2, a3]: FourRows): void {
  const [f0 = 0, f1 = 0, f2 = 0, f3 = 0] = factors;
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + (f0 * a0[i]! + f1 * a1[i]! + f2 * a2[i]! + f3 * a3[i]!);
}

function decoded(bytes: Uint8Array, dtype: string): Float32Array {
  if (dtype === 'F32') return new Float32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer);
  if (dtype === 'F16') return fromFloat16(halves);
  // bfloat16 is the upper half of a float32.
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}

function encoded(values: Float64Array, dtype: string): Uint8Array {
  const typed = dtype === 'F32' ? Float32Array.from(values) : dtype === 'F16' ? toFloat16(values) : toBfloat16(values);
  return new Uint8Array(typed.buffer);
}

async function readExactly(handle: Awaited<ReturnType<typeof open>>, path: string, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new Error(`${path} ends at byte ${at + done}; copy it again from where it came from`);
    done += bytesRead;
  }
  return bytes;
}
