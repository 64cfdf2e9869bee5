import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { PickleError, PyDict, type PyValue } from './pickleData';
import { MAX_FILE, readRolloutPickle } from './rolloutPickle';
import { Tensor } from './torchTensor';

const FIXTURES = join(__dirname, '../../../test/fixtures/adalign');
const files = ['ipd', 'split', 'tas'].flatMap((game) =>
  ['iteration_000', 'iteration_001'].flatMap((iteration) => {
    const folder = join(FIXTURES, game, 'seed_0', iteration);
    return readdirSync(folder)
      .filter((name) => name.endsWith('.rt.pkl'))
      .map((name) => readFileSync(join(folder, name)));
  }),
);

/** Assembles a pickle: numbers are bytes, texts are Latin-1, the rest is data. */
const assemble = (...parts: readonly (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
const u32 = (n: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n);
  return b;
};
const u64 = (n: bigint): Buffer => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64LE(n);
  return b;
};
const text = (value: string): Buffer => assemble(0x58, u32(Buffer.byteLength(value)), Buffer.from(value));
const PROTO = Buffer.of(0x80, 4);
const stackGlobal = (module: string, name: string): Buffer => assemble(text(module), text(name), 0x93);
const read = (...parts: readonly (number | string | Uint8Array)[]): PyValue => readRolloutPickle(assemble(PROTO, ...parts));
const refusal = (...parts: readonly (number | string | Uint8Array)[]): string => {
  try {
    read(...parts);
  } catch (error) {
    expect(error).toBeInstanceOf(PickleError);
    return (error as Error).message;
  }
  return 'was read';
};

describe('what pickles of data hold', () => {
  it('reads every kind of value', () => {
    expect(read('N.')).toBe(null);
    expect(read(0x88, '.')).toBe(true);
    expect(read(0x4d, 0x39, 0x30, '.')).toBe(0x3039);
    expect(read(0x4a, 0xfe, 0xff, 0xff, 0xff, '.')).toBe(-2);
    expect(read(0x8a, 2, 0x00, 0xff, '.')).toBe(-256);
    expect(read(0x8a, 9, Buffer.alloc(8), 1, '.')).toBe(2n ** 64n);
    expect(read(0x8a, 0, '.')).toBe(0);
    expect(read(0x47, 0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18, '.')).toBe(Math.PI);
    expect(read(0x8c, 7, Buffer.from('naïve', 'utf8').subarray(0, 6), 0x21, '.')).toBe('naïve!');
    expect(read('C', 2, 1, 2, '.')).toMatchObject({ start: 4, end: 6 });
    expect(read(']', '(', 'K', 1, 'K', 2, 'e', '.')).toEqual([1, 2]);
    expect(read('K', 1, 'K', 2, 0x86, '.')).toEqual([1, 2]);
    expect(read('}', text('a'), 'K', 1, 's', '.')).toMatchObject({ items: ['a', 1] });
    expect(read('(', text('a'), 'K', 1, 'd', '.')).toMatchObject({ items: ['a', 1] });
    expect(read(text('x'), 0x94, '0', 'h', 0, 'h', 0, 0x86, '.')).toEqual(['x', 'x']);
    expect(read('ccollections\nOrderedDict\n', ')', 'R', text('a'), 'N', 's', '.')).toMatchObject({ items: ['a', null] });
  });

  it('reads numpy scalars', () => {
    const scalar = (code: string, order: string, data: Uint8Array): PyValue =>
      read(
        stackGlobal('numpy._core.multiarray', 'scalar'),
        stackGlobal('numpy', 'dtype'),
        assemble(text(code), 0x89, 0x88, 0x87, 'R'),
        assemble('(', 'K', 3, text(order), 'NNN', 'K', 0, 'K', 4, 'K', 8, 't', 'b'),
        assemble('C', data.length, data, 0x86, 'R', '.'),
      );
    expect(scalar('U2', '<', utf32('é🤝'))).toBe('é🤝');
    expect(scalar('f8', '<', Buffer.from(new Float64Array([1.5]).buffer))).toBe(1.5);
    expect(scalar('f8', '>', Buffer.from(new Float64Array([1.5]).buffer).reverse())).toBe(1.5);
    expect(scalar('i8', '<', u64(7n))).toBe(7);
    expect(scalar('b1', '|', Buffer.of(1))).toBe(true);
    expect(() => scalar('O8', '|', Buffer.alloc(8))).toThrow(/numpy dtype O8 .* refused/);
    expect(() => scalar('U9', '<', Buffer.alloc(8))).toThrow(/U9 of 8 bytes/);
  });

  it('reads the rollout files of all three games', () => {
    expect(files).toHaveLength(12);
    for (const file of files) {
      const root = readRolloutPickle(file) as PyDict;
      expect(root.entries().map(([key]) => key)).toEqual(['id', 'crn_id', 'child', 'agent_ids']);
      expect(tensorsOf(root).length).toBeGreaterThan(30);
    }
  });
});

describe('torch archives', () => {
  const storage = (archive: Uint8Array, size: readonly number[], stride: readonly number[], offset = 0): Buffer =>
    assemble(
      stackGlobal('torch._utils', '_rebuild_tensor_v2'),
      '(',
      stackGlobal('torch.storage', '_load_from_bytes'),
      assemble('B', u32(archive.length), archive, 0x85, 'R'),
      assemble('K', offset),
      assemble('(', ...size.flatMap((n) => ['J', u32(n)]), 't'),
      assemble('(', ...stride.flatMap((n) => ['J', u32(n)]), 't'),
      assemble(0x89, 'ccollections\nOrderedDict\n', ')', 'R', 't', 'R', '.'),
    );
  const persistent = (type: string, count: number): Buffer =>
    assemble(0x80, 2, '(', text('storage'), `ctorch\n${type}\n`, text('0'), text('cpu'), 'J', u32(count), 'tQ.');
  const zip = (type: string, count: number, data: Uint8Array, level: 0 | 9 = 0): Uint8Array =>
    zipSync({ archive: { 'data.pkl': persistent(type, count), byteorder: Buffer.from('little'), data: { '0': data } } }, { level });
  const floats = Buffer.from(new Float32Array([1, 2, 3, 4, 5, 6]).buffer);

  it('reads a zip archive', () => {
    const tensor = read(storage(zip('FloatStorage', 6, floats), [6], [1])) as Tensor;
    expect(tensor.numbers()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('follows sizes, strides and offsets', () => {
    const tensor = read(storage(zip('FloatStorage', 6, floats), [2, 2], [1, 3], 1)) as Tensor;
    expect(tensor.numbers()).toEqual([2, 5, 3, 6]);
    expect((read(storage(zip('FloatStorage', 6, floats), [], [], 3)) as Tensor).numbers()).toEqual([4]);
    expect((read(storage(zip('FloatStorage', 6, floats), [0], [1])) as Tensor).numbers()).toEqual([]);
  });

  it('reads every element type', () => {
    const one = (type: string, data: Uint8Array, count: number): number[] =>
      (read(storage(zip(type, count, data), [count], [1])) as Tensor).numbers();
    expect(one('LongStorage', Buffer.from(new BigInt64Array([-3n, 2n ** 40n]).buffer), 2)).toEqual([-3, 2 ** 40]);
    expect(one('HalfStorage', Buffer.from(new Uint16Array([0x3c00, 0xc000, 0x0001]).buffer), 3)).toEqual([1, -2, 2 ** -24]);
    expect(one('BFloat16Storage', Buffer.from(new Uint16Array([0x3fc0]).buffer), 1)).toEqual([1.5]);
    expect(one('BoolStorage', Buffer.of(0, 1), 2)).toEqual([0, 1]);
    expect(one('IntStorage', Buffer.from(new Int32Array([-5]).buffer), 1)).toEqual([-5]);
  });

  it('refuses tensors that say more than is stored', () => {
    expect(refusal(storage(zip('FloatStorage', 6, floats), [7], [1]))).toMatch(/size 7 over a storage of 6/);
    expect(refusal(storage(zip('FloatStorage', 6, floats), [1_000_000_000], [0]))).toMatch(/refused/);
    expect(refusal(storage(zip('FloatStorage', 6, floats), [3], [3]))).toMatch(/refused/);
    expect(refusal(storage(zip('FloatStorage', 7, floats), [6], [1]))).toMatch(/cut short/);
  });

  it('refuses compressed archives, other types and integers beyond 2^53', () => {
    expect(refusal(storage(zip('FloatStorage', 6, Buffer.alloc(10_000), 9), [6], [1]))).toMatch(/compressed/);
    expect(refusal(storage(zip('QInt8Storage', 6, floats), [6], [1]))).toMatch(/torch\.QInt8Storage/);
    expect(refusal(storage(Buffer.from('no archive'), [6], [1]))).toMatch(/./);
    const huge = read(storage(zip('LongStorage', 1, Buffer.from(new BigInt64Array([2n ** 60n]).buffer)), [1], [1])) as Tensor;
    expect(() => huge.numbers()).toThrow(PickleError);
  });
});

describe('hostile pickles', () => {
  it('refuses any other global by name, however it is reached', () => {
    expect(refusal('cos\nsystem\n', text('id'), 0x85, 'R.')).toMatch(/asks for os\.system, which is not data/);
    expect(refusal(stackGlobal('posix', 'system'), text('id'), 0x85, 'R.')).toMatch(/posix\.system/);
    expect(refusal(stackGlobal('builtins', 'eval'), '.')).toMatch(/builtins\.eval/);
    expect(refusal('(', text('id'), 'ios\nsystem\n.')).toMatch(/os\.system/);
    expect(refusal(stackGlobal('torch', '_rebuild_tensor_v2'), '.')).toMatch(/torch\._rebuild_tensor_v2/);
    expect(refusal(stackGlobal('__proto__', 'constructor'), '.')).toMatch(/__proto__\.constructor/);
    expect(refusal(stackGlobal('torch.storage', '_load_from_bytes.__globals__'), '.')).toMatch(/__globals__/);
    expect(refusal('cos\x1b[31m\nsystem\n', '.')).toMatch(/os\?\[31m\.system/);
  });

  it('calls nothing but what it knows, and with data only', () => {
    expect(refusal(text('os'), ')', 'R.')).toMatch(/a call of something that is no global/);
    expect(refusal('ccollections\nOrderedDict\n', text('x'), 0x85, 'R.')).toMatch(/refused/);
    expect(refusal('ccollections\nOrderedDict\n', '.')).toMatch(/where data should be/);
    expect(refusal('}', '}', 'b.')).toMatch(/refused/);
    expect(refusal('ccollections\nOrderedDict\n', ')', 0x81, '.')).toMatch(/opcode NEWOBJ .* refused/);
    expect(refusal(0x82, 1, '.')).toMatch(/opcode EXT1/);
    expect(refusal(text('x'), 'Q.')).toMatch(/outside the file/);
    expect(refusal('I1\n.')).toMatch(/opcode INT /);
    expect(refusal(0xff, '.')).toMatch(/opcode 0xff/);
    expect(refusal(0x80, 6, 'N.')).toMatch(/protocol 6/);
  });

  it('refuses lengths beyond the end of the file', () => {
    expect(refusal(0x8e, u64(2n ** 62n), 'x.')).toMatch(/announces 4611686018427388000 bytes where 2 follow/);
    expect(refusal(0x8d, u64(2n ** 40n), 'x.')).toMatch(/announces/);
    expect(refusal('B', u32(0xffffffff), 'x.')).toMatch(/announces/);
    expect(refusal(0x95, u64(2n ** 50n), 'N.')).toMatch(/announces/);
    expect(refusal(0x8b, u32(0x7fffffff), '.')).toMatch(/announces/);
    expect(refusal(0x8b, u32(1000), Buffer.alloc(1000), '.')).toMatch(/integer of 1000 bytes/);
  });

  it('refuses loops, depth, width, memo growth and endless steps', () => {
    expect(refusal(']', '2', 'a', '.')).toMatch(/contains itself/);
    expect(refusal('}', 0x94, text('me'), 'h', 0, 's', '.')).toMatch(/contains itself/);
    expect(refusal(')', Buffer.alloc(100_000, 0x85), '.')).toMatch(/deep/);
    expect(refusal(Buffer.alloc(20_000, 0x5d), Buffer.alloc(19_999, 0x61), '.')).toMatch(/deep/);
    expect(refusal(Buffer.alloc(100_000, 0x28), '.')).toMatch(/deep/);
    expect(refusal(')', ...Array.from({ length: 60 }, () => Buffer.of(0x32, 0x86)), '.')).toMatch(/multiplies/);
    expect(refusal('(', Buffer.alloc(3_000_000, 0x5d), 'l.')).toMatch(/piles up/);
    expect(refusal('](', Buffer.alloc(90_000, 0x7d), 'e.')).toMatch(/more than 9 MB/);
    expect(refusal(Buffer.from('N0'.repeat(8_000_000)), 'N.')).toMatch(/too many steps/);
    expect(refusal('}(', ...Array.from({ length: 1_001 }, (_, i) => assemble('M', i & 255, i >> 8, 'N')), 'u.')).toMatch(
      /dict of more than 1000 keys/,
    );
    expect(refusal('N', 'r', u32(0xfffffff0), '.')).toMatch(/remembers object/);
    expect(refusal('h', 3, '.')).toMatch(/never remembered/);
    expect(refusal('N0', '0.')).toMatch(/missing/);
  });

  it('refuses depth and loops that are built from the inside', () => {
    // Fills an inner list after its parent took it: the parent cannot know at that moment how deep it will be.
    const parts: (number | string | Buffer)[] = [']', 0x94];
    for (let i = 0; i < 1_500; i++) parts.push('j', u32(i), ']', 0x94, 'a', '0');
    expect(refusal(...parts, '.')).toMatch(/deep/);
  });

  it('refuses files that are empty, cut or too large', () => {
    expect(() => readRolloutPickle(Buffer.alloc(0))).toThrow(/empty/);
    expect(() => readRolloutPickle(Buffer.alloc(MAX_FILE + 1))).toThrow(/larger than 32 MB/);
    const whole = files[0]!;
    for (let cut = 1; cut < whole.length; cut += 97) {
      expect(() => readRolloutPickle(whole.subarray(0, cut))).toThrow(PickleError);
    }
  });
});

describe('fuzzing', () => {
  /** Reads a file and all its tensors; anything but data or a PickleError fails. */
  const survives = (bytes: Uint8Array): void => {
    try {
      for (const tensor of tensorsOf(readRolloutPickle(bytes))) tensor.numbers();
    } catch (error) {
      if (!(error instanceof PickleError)) throw error;
    }
  };

  it('survives mutated rollout files', () => {
    const mutation = fc.record({
      at: fc.nat(),
      op: fc.constantFrom('set', 'insert', 'delete', 'copy', 'cut'),
      byte: fc.nat(255),
      length: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.nat(files.length - 1), fc.array(mutation, { minLength: 1, maxLength: 6 }), (which, mutations) => {
        let bytes: Buffer = Buffer.from(files[which]!);
        for (const { at, op, byte, length } of mutations) {
          const p = at % bytes.length;
          if (op === 'set') bytes[p] = byte;
          else if (op === 'insert') bytes = Buffer.concat([bytes.subarray(0, p), Buffer.of(byte), bytes.subarray(p)]);
          else if (op === 'delete') bytes = Buffer.concat([bytes.subarray(0, p), bytes.subarray(p + length)]);
          else if (op === 'copy') bytes = Buffer.concat([bytes.subarray(0, p), bytes.subarray(p, p + length), bytes.subarray(p)]);
          else bytes = bytes.subarray(0, p + 1);
          if (bytes.length === 0) break;
        }
        survives(bytes);
      }),
      { numRuns: 400 },
    );
  });

  it('survives programs of random opcodes', () => {
    const opcodes = '\x80\x95.\x94qrhj(N\x88\x89KMJ\x8a\x8bG\x8cX\x8dCB\x8e])\x85\x86\x87tlae}dsu012c\x93iRbQ'
      .split('')
      .map((c) => c.charCodeAt(0));
    const known = [
      'torch._utils _rebuild_tensor_v2',
      'torch.storage _load_from_bytes',
      'collections OrderedDict',
      'numpy dtype',
      'numpy.core.multiarray scalar',
    ];
    const part = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...opcodes).map((op) => Buffer.of(op)) },
      { weight: 2, arbitrary: fc.constantFrom(...known).map((name) => stackGlobal(name.split(' ')[0]!, name.split(' ')[1]!)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)) },
      { weight: 1, arbitrary: fc.string({ maxLength: 4 }).map(text) },
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => survives(assemble(PROTO, ...parts, '.'))),
      { numRuns: 2_000 },
    );
  });
});

function tensorsOf(value: PyValue): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsOf);
  if (value instanceof PyDict) return value.values().flatMap(tensorsOf);
  return [];
}

function utf32(value: string): Buffer {
  return Buffer.concat([...value].map((c) => u32(c.codePointAt(0)!)));
}
