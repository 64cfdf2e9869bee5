import { Buffer } from 'node:buffer';
import { strFromU8, unzipSync } from 'fflate';
import { readPickle, readPickleAt } from './pickle';
import { type Budget, type GlobalTable, PickleError, PyBytes, PyDict, PyGlobal, PyObject, type PyValue } from './pickleData';

/** Element types of torch storages that are read: bytes an element takes, and how one is read (little-endian). */
const ELEMENTS = {
  Double: { size: 8, read: (b: Buffer, at: number) => b.readDoubleLE(at) },
  Float: { size: 4, read: (b: Buffer, at: number) => b.readFloatLE(at) },
  Half: { size: 2, read: readHalf },
  BFloat16: { size: 2, read: readBFloat16 },
  Long: { size: 8, read: readLong },
  Int: { size: 4, read: (b: Buffer, at: number) => b.readInt32LE(at) },
  Short: { size: 2, read: (b: Buffer, at: number) => b.readInt16LE(at) },
  Char: { size: 1, read: (b: Buffer, at: number) => b.readInt8(at) },
  Byte: { size: 1, read: (b: Buffer, at: number) => b.readUInt8(at) },
  Bool: { size: 1, read: (b: Buffer, at: number) => (b.readUInt8(at) === 0 ? 0 : 1) },
} as const;

type ElementName = keyof typeof ELEMENTS;

/** A storage's numbers as they lie in the file. */
class Storage extends PyObject {
  constructor(
    readonly element: ElementName,
    readonly data: Buffer,
    /** Where the first number lies in it. */
    readonly start: number,
    readonly count: number,
  ) {
    super();
  }
}

/** A torch tensor of a file, read when asked for. */
export class Tensor extends PyObject {
  constructor(
    private readonly storage: Storage,
    private readonly offset: number,
    readonly size: readonly number[],
    private readonly stride: readonly number[],
  ) {
    super();
  }

  /** How many numbers there are. */
  get length(): number {
    return this.size.reduce((product, n) => product * n, 1);
  }

  /**
   * All numbers, last dimension fastest.
   * @throws PickleError when a 64-bit integer is no JavaScript integer
   */
  numbers(): number[] {
    const { data, element, start } = this.storage;
    const { read, size: width } = ELEMENTS[element];
    const length = this.length;
    const result = new Array<number>(length);
    if (this.size.length <= 1) {
      const step = (this.stride[0] ?? 1) * width;
      let at = start + this.offset * width;
      for (let i = 0; i < length; i++, at += step) result[i] = read(data, at);
      return result;
    }
    for (let i = 0; i < length; i++) {
      let rest = i;
      let at = this.offset;
      for (let d = this.size.length - 1; d >= 0; d--) {
        at += (rest % this.size[d]!) * this.stride[d]!;
        rest = Math.floor(rest / this.size[d]!);
      }
      result[i] = read(data, start + at * width);
    }
    return result;
  }
}

/** `torch.storage._load_from_bytes`: a storage out of the archive that `torch.save` made of it. */
export const loadFromBytes = new PyGlobal('torch.storage._load_from_bytes', (args, budget) => {
  const archive = args[0];
  if (args.length !== 1 || !(archive instanceof PyBytes)) throw new PickleError('calls torch.storage._load_from_bytes without bytes');
  const { source, start, end } = archive;
  const isZip = end - start >= 4 && source.readUInt32LE(start) === 0x04034b50;
  return isZip ? storageOfZip(source.subarray(start, end), budget) : storageOfStream(archive, budget);
});

/** `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`. */
export const rebuildTensor = new PyGlobal('torch._utils._rebuild_tensor_v2', (args, budget) => {
  const [storage, offset, size, stride] = args;
  if (!(storage instanceof Storage) || !isCount(offset) || !isCounts(size) || !isCounts(stride) || size.length !== stride.length) {
    throw new PickleError('has a tensor without storage, size or stride');
  }
  budget.spend(160);
  const tensor = new Tensor(storage, offset, size, stride);
  const last = size.reduce((at, n, d) => at + (n - 1) * stride[d]!, offset);
  // A stride of 0 repeats elements without end: more numbers than are stored is no tensor of a rollout.
  if (tensor.length > storage.count || (tensor.length > 0 && last >= storage.count)) {
    throw new PickleError(`has a tensor of size ${size.slice(0, 8).join('×')} over a storage of ${storage.count} numbers: it is refused`);
  }
  budget.spend(tensor.length * 8);
  return tensor;
});

/** Numbers that open a stream of `torch.save`'s older form, which storages are pickled in to this day. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const STREAM_VERSION = 1001;

const NO_GLOBALS: GlobalTable = new Map();

const STORAGES: GlobalTable = new Map(
  Object.keys(ELEMENTS).map((name) => {
    const qualified = `torch.${name}Storage`;
    const refuse = (): never => {
      throw new PickleError(`calls ${qualified}, which only names a type here: it is refused`);
    };
    return [qualified, new PyGlobal(qualified, refuse)];
  }),
);

/** The last opening of a stream that was read and found good; nearly all streams of a run open with the same bytes. */
let knownOpening: Buffer = Buffer.alloc(0);

/** magic, version, system, then a pickle of one persistent id, then the list of keys, then for each a count and its bytes. */
function storageOfStream(archive: PyBytes, budget: Budget): Storage {
  const { source, end } = archive;
  budget.step(20);
  let start = archive.start + knownOpening.length;
  if (start === archive.start || end < start || !isAt(source, archive.start, knownOpening, 0, knownOpening.length)) {
    start = readOpening(archive, budget);
    if (start - archive.start <= 4096) knownOpening = Buffer.from(source.subarray(archive.start, start));
  }
  const { described, at } = usualStorage(source, start, end) ?? anyStorage(source, start, end, budget);
  const { element, count } = described;
  if (at + 8 > end) throw new PickleError('has a storage archive that is cut short');
  const stored = readLong(source, at);
  if (stored !== count) throw new PickleError(`has a storage of ${stored} numbers that announces ${count}`);
  return storageOver(element, source, at + 8, end, count);
}

/** A stream's storage, and where the count of its numbers is. */
interface Announced {
  readonly described: Described;
  readonly at: number;
}

function anyStorage(source: Buffer, start: number, end: number, budget: Budget): Announced {
  let described: Described | undefined;
  const object = readPickleAt(source, {
    start,
    end,
    budget,
    globals: STORAGES,
    persistent: (id) => {
      described = describe(id);
      return described;
    },
  });
  if (described === undefined || object.value !== described) throw new PickleError('has a storage archive that holds no storage');
  const keys = readPickleAt(source, { start: object.end, end, budget, globals: NO_GLOBALS });
  if (!Array.isArray(keys.value) || keys.value.length !== 1 || keys.value[0] !== described.key) {
    throw new PickleError('has a storage archive with other than one storage');
  }
  return { described, at: keys.end };
}

/** The bytes around what differs between two storages, as CPython's pickler writes them. */
const USUAL = {
  type: Buffer.from('\x80\x02(X\x07\0\0\0storageq\0ctorch\n', 'latin1'),
  long: Buffer.from('LongStorage\n'),
  float: Buffer.from('FloatStorage\n'),
  key: Buffer.from('q\x01X', 'latin1'),
  location: Buffer.from('q\x02X\x03\0\0\0cpuq\x03', 'latin1'),
  keys: Buffer.from('Ntq\x04Q.\x80\x02]q\0X', 'latin1'),
  end: Buffer.from('q\x01a.', 'latin1'),
} as const;

/**
 * What `anyStorage` finds, for archives written in the usual way: a run has a million, and comparing their bytes takes a
 * fifth of the time of interpreting them. Undefined for any other.
 */
function usualStorage(source: Buffer, start: number, end: number): Announced | undefined {
  let at = start;
  const passes = (expected: Buffer): boolean => {
    const from = at;
    at += expected.length;
    return at <= end && isAt(source, from, expected, 0, expected.length);
  };
  const uint = (size: number): number => {
    at += size;
    if (at > end) return Number.NaN;
    let value = 0;
    for (let i = 1; i <= size; i++) value = value * 256 + source[at - i]!;
    return value;
  };
  if (!passes(USUAL.type)) return undefined;
  const name = at;
  let element: ElementName = 'Long';
  if (!passes(USUAL.long)) {
    at = name;
    element = 'Float';
    if (!passes(USUAL.float)) return undefined;
  }
  if (!passes(USUAL.key)) return undefined;
  const keyLength = uint(4);
  const key = at;
  at += keyLength;
  if (!(keyLength <= 64) || !passes(USUAL.location)) return undefined;
  const opcode = uint(1);
  const count = opcode === 0x4b ? uint(1) : opcode === 0x4d ? uint(2) : opcode === 0x4a ? uint(4) : Number.NaN;
  if (!(count < 2 ** 31) || !passes(USUAL.keys) || uint(4) !== keyLength) return undefined;
  at += keyLength;
  if (!passes(USUAL.end) || !isAt(source, at - keyLength - 4, source, key, key + keyLength)) return undefined;
  return { described: new Described(element, '', count), at };
}

/** Whether bytes `[from, to)` of one stand in the other at a place: a loop, which for so few is faster than a call out of JavaScript. */
function isAt(source: Buffer, at: number, expected: Buffer, from: number, to: number): boolean {
  for (let i = from, j = at; i < to; i++, j++) if (source[j] !== expected[i]) return false;
  return true;
}

function readOpening({ source, start, end }: PyBytes, budget: Budget): number {
  const options = { end, budget, globals: NO_GLOBALS };
  const magic = readPickleAt(source, { ...options, start });
  if (magic.value !== MAGIC) throw new PickleError('has a storage archive of unknown form');
  const version = readPickleAt(source, { ...options, start: magic.end });
  if (version.value !== STREAM_VERSION) throw new PickleError('has a storage archive of unknown version');
  const system = readPickleAt(source, { ...options, start: version.end });
  if (!(system.value instanceof PyDict) || system.value.get('little_endian') !== true) {
    throw new PickleError('has a storage archive that is not little-endian');
  }
  return system.end;
}

/** `torch.save`'s newer form: `<name>/data.pkl` and `<name>/data/<key>` in a zip that stores without compressing. */
function storageOfZip(bytes: Buffer, budget: Budget): Storage {
  const files = new Map<string, Uint8Array>();
  const names = new Set<string>();
  let found: Record<string, Uint8Array>;
  try {
    found = unzipSync(bytes, {
      filter: ({ name, compression, size, originalSize }) => {
        budget.step(20);
        const inner = name.slice(name.indexOf('/') + 1);
        if (inner !== 'data.pkl' && inner !== 'byteorder' && !inner.startsWith('data/')) return false;
        if (compression !== 0 || size !== originalSize) throw new PickleError('has a compressed storage archive, which torch never writes');
        if (names.has(inner) || names.size >= 8) throw new PickleError('has a storage archive with too many files');
        names.add(inner);
        if (size > bytes.length) throw new PickleError('has a storage archive that is cut short');
        budget.spend(size + 200);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof PickleError) throw error;
    throw new PickleError('has a storage archive that is no zip');
  }
  for (const [name, data] of Object.entries(found)) files.set(name.slice(name.indexOf('/') + 1), data);
  const pickle = files.get('data.pkl');
  if (pickle === undefined) throw new PickleError('has a storage archive without data.pkl');
  const order = files.get('byteorder');
  if (order !== undefined && strFromU8(order).trim() !== 'little') throw new PickleError('has a storage archive that is not little-endian');
  const object = readPickle(pickle, { budget, globals: STORAGES, persistent: describe });
  if (!(object instanceof Described)) throw new PickleError('has a storage archive that holds no storage');
  const data = files.get(`data/${object.key}`);
  if (data === undefined) throw new PickleError('has a storage archive that is cut short');
  return storageOver(object.element, Buffer.from(data.buffer, data.byteOffset, data.byteLength), 0, data.length, object.count);
}

/** What a persistent id says of a storage. */
class Described extends PyObject {
  constructor(
    readonly element: ElementName,
    readonly key: string,
    readonly count: number,
  ) {
    super();
  }
}

/** `('storage', torch.FloatStorage, key, location, count, …)` */
function describe(id: PyValue): Described {
  if (Array.isArray(id)) {
    const [tag, type, key, , count] = id;
    if (tag === 'storage' && type instanceof PyGlobal && typeof key === 'string' && isCount(count)) {
      const element = type.qualifiedName.slice('torch.'.length, -'Storage'.length);
      if (Object.hasOwn(ELEMENTS, element)) return new Described(element as ElementName, key, count);
    }
  }
  throw new PickleError('has a storage archive that refers to something that is no storage');
}

function storageOver(element: ElementName, data: Buffer, start: number, end: number, count: number): Storage {
  if (start + count * ELEMENTS[element].size > end) throw new PickleError('has a storage archive that is cut short');
  return new Storage(element, data, start, count);
}

function isCount(value: PyValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: PyValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= 8 && value.every(isCount);
}

function readLong(bytes: Buffer, at: number): number {
  const low = bytes.readUInt32LE(at);
  const high = bytes.readInt32LE(at + 4);
  if (high > 0x1fffff || high < -0x200000) throw new PickleError('has an integer beyond 2^53');
  return high * 2 ** 32 + low;
}

function readBFloat16(bytes: Buffer, at: number): number {
  const float = new DataView(new ArrayBuffer(4));
  float.setUint16(2, bytes.readUInt16LE(at), true);
  return float.getFloat32(0, true);
}

function readHalf(bytes: Buffer, at: number): number {
  const bits = bytes.readUInt16LE(at);
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
