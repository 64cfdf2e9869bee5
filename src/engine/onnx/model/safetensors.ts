import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';

/** A tensor in a safetensors file: where it lies and what it is. */
export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly start: number;
  readonly end: number;
}

/** A safetensors file, opened: its header checked against its size, its data not yet read. */
export interface SafetensorsFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes per element of the element types that we read. */
const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
]);

const LONGEST_HEADER = 100_000_000;

/** Reads a file's header. @throws Error naming the file when it is cut short or not safetensors. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const refuse = (why: string): never => {
    throw new Error(`${path} is not a whole safetensors file: ${why}; copy it again from where it came from`);
  };
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new Error(`${path} is missing`);
  const { size } = found;
  const file = await open(path);
  try {
    const lead = new DataView(new ArrayBuffer(8));
    if (size < 8) return refuse(`${size} bytes`);
    await file.read(lead, 0, 8, 0);
    const length = Number(lead.getBigUint64(0, true));
    if (length > LONGEST_HEADER || 8 + length > size) return refuse(`a header of ${length} bytes in a file of ${size}`);
    const bytes = new Uint8Array(length);
    await file.read(bytes, 0, length, 8);
    let header: unknown;
    try {
      header = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return refuse('its header is not JSON');
    }
    if (!isObject(header)) return refuse('its header is not an object');
    const entries = new Map<string, TensorEntry>();
    let metadata: Record<string, string> = {};
    for (const [name, value] of Object.entries(header)) {
      if (name === '__metadata__') {
        if (!isObject(value)) return refuse('its __metadata__ is not an object');
        metadata = Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
        continue;
      }
      const entry = readEntry(value, 8 + length);
      if (!entry || entry.end > size) return refuse(`tensor ${name} lies outside the file or is described wrongly`);
      entries.set(name, entry);
    }
    return { path, entries, metadata };
  } finally {
    await file.close();
  }
}

function readEntry(value: unknown, base: number): TensorEntry | null {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !isIntegers(shape) || !isIntegers(offsets) || offsets.length !== 2) return null;
  const [start, end] = offsets as [number, number];
  const bytes = ELEMENT_BYTES.get(dtype);
  if (end < start || (bytes !== undefined && end - start !== shape.reduce((product, dim) => product * dim, bytes))) return null;
  return { dtype, shape, start: base + start, end: base + end };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIntegers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

/**
 * Reads one tensor as float32, row-major.
 * @throws Error naming file and tensor when it is absent or of a type that we do not read.
 */
export function readTensor(file: SafetensorsFile, name: string): Float32Array {
  const entry = file.entries.get(name);
  if (!entry) throw new Error(`${file.path} has no tensor ${name}`);
  const bytesPerElement = ELEMENT_BYTES.get(entry.dtype);
  if (!bytesPerElement) throw new Error(`${file.path}: tensor ${name} is of type ${entry.dtype}; F32, F16 and BF16 can be read`);
  const bytes = new Uint8Array(entry.end - entry.start);
  const descriptor = openSync(file.path, 'r');
  try {
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(descriptor, bytes, at, Math.min(bytes.length - at, PIECE), entry.start + at);
      if (read === 0) throw new Error(`${file.path} ends inside tensor ${name}`);
      at += read;
    }
  } finally {
    closeSync(descriptor);
  }
  if (entry.dtype === 'F32') return new Float32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer);
  return entry.dtype === 'BF16' ? fromBfloat16(halves) : fromFloat16(halves);
}

/** bfloat16 is the upper half of a float32. */
function fromBfloat16(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}

/** IEEE half precision, subnormal numbers and infinities included. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const h = halves[i]!;
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >> 10) & 31;
    const fraction = h & 1023;
    if (exponent === 31) out[i] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else out[i] = exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return out;
}

/** A tensor to write. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Metadata key of the SHA-256 over all tensor data, in files that we write. */
const CHECKSUM = 'sha256';

/** The most bytes that are hashed or written at once; a hash takes less than 2 GiB. */
const PIECE = 1 << 30;

function* piecesOf({ buffer, byteOffset, byteLength }: Float32Array): Generator<Uint8Array> {
  for (let at = 0; at < byteLength; at += PIECE) yield new Uint8Array(buffer, byteOffset + at, Math.min(PIECE, byteLength - at));
}

/**
 * Opens a file and compares its data with the checksum in its metadata, where there is one.
 * @throws Error naming the file when it was changed or cut since it was written.
 */
export async function openChecked(path: string): Promise<SafetensorsFile> {
  const file = await openSafetensors(path);
  const expected = file.metadata[CHECKSUM];
  if (expected === undefined) return file;
  const start = [...file.entries.values()].reduce((least, entry) => Math.min(least, entry.start), Number.POSITIVE_INFINITY);
  const hash = createHash('sha256');
  if (Number.isFinite(start)) for await (const piece of createReadStream(path, { start })) hash.update(piece as Buffer);
  const found = hash.digest('hex');
  if (found !== expected)
    throw new Error(`${path} is corrupt: its checksum does not match its data; use another checkpoint, or copy it again`);
  return file;
}

/** Writes float32 tensors, in the order given, and fsyncs. The same tensors make the same bytes. */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  let offset = 0;
  const hash = createHash('sha256');
  for (const { data } of tensors) for (const piece of piecesOf(data)) hash.update(piece);
  const header: Record<string, unknown> = { __metadata__: { ...metadata, [CHECKSUM]: hash.digest('hex') } };
  for (const { name, shape, data } of tensors) {
    if (shape.reduce((product, dim) => product * dim, 1) !== data.length)
      throw new Error(`tensor ${name} [${shape}] has ${data.length} numbers`);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  let text = JSON.stringify(header);
  text += ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8);
  const lead = new Uint8Array(8);
  new DataView(lead.buffer).setBigUint64(0, BigInt(Buffer.byteLength(text)), true);
  const file = await open(path, 'w');
  try {
    await file.writeFile(lead);
    await file.writeFile(text);
    for (const { data } of tensors) for (const piece of piecesOf(data)) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** SHA-256 over the bytes of files, in the order given, each after its name; read in pieces, for files may be larger than memory. */
export async function hashFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(basename(path));
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 22 })) hash.update(piece as Buffer);
  }
  return hash.digest('hex');
}
