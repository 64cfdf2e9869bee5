import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../tinyModel';
import { fromFloat16, openChecked, openSafetensors, readTensor, writeSafetensors } from './safetensors';

let root: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  root = await temporaryFolder();
});
afterAll(() => root.remove());

/** A file with this header and data, as another program might write it. */
async function raw(name: string, header: unknown, data: Uint8Array): Promise<string> {
  const path = join(root.path, name);
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const lead = Buffer.alloc(8);
  lead.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([lead, text, data]));
  return path;
}

describe('safetensors', () => {
  it('reads what it wrote, and writes the same bytes again', async () => {
    const [a, b] = [join(root.path, 'a'), join(root.path, 'b')];
    await fc.assert(
      fc.asyncProperty(fc.float32Array({ minLength: 6, maxLength: 6, noNaN: false }), async (data) => {
        const tensors = [
          { name: 'x.weight', shape: [2, 3], data },
          { name: 'y', shape: [], data: Float32Array.of(7) },
        ];
        await writeSafetensors(a, tensors, { format: 'pt' });
        await writeSafetensors(b, tensors, { format: 'pt' });
        expect(await readFile(a)).toEqual(await readFile(b));
        const file = await openChecked(a);
        expect(file.entries.get('x.weight')?.shape).toEqual([2, 3]);
        expect(readTensor(file, 'x.weight')).toEqual(data);
        expect(readTensor(file, 'y')[0]).toBe(7);
      }),
      { numRuns: 20 },
    );
  });

  it('reads half precision', async () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x7c00, 0x3555);
    expect([...fromFloat16(halves)]).toEqual([1, -2, 2 ** -24, 65504, -0, Number.POSITIVE_INFINITY, Math.fround(0.333251953125)]);
    const path = await raw(
      'bf16',
      { w: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] } },
      new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer),
    );
    expect([...readTensor(await openSafetensors(path), 'w')]).toEqual([1, -3]);
  });

  it('refuses what is not whole, naming file and reason', async () => {
    const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
    const data = new Uint8Array(8);
    await expect(openSafetensors(join(root.path, 'absent'))).rejects.toThrow('absent is missing');
    await expect(openSafetensors(await raw('short', { w: entry }, data.subarray(4)))).rejects.toThrow('tensor w lies outside the file');
    await expect(openSafetensors(await raw('shape', { w: { ...entry, shape: [3] } }, data))).rejects.toThrow(
      'tensor w lies outside the file or is described wrongly',
    );
    await expect(openSafetensors(await raw('json', '{"w":', data))).rejects.toThrow('its header is not JSON');
    await writeFile(join(root.path, 'tiny'), 'abc');
    await expect(openSafetensors(join(root.path, 'tiny'))).rejects.toThrow('3 bytes');
    const integers = await openSafetensors(await raw('int', { w: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, data));
    expect(() => readTensor(integers, 'w')).toThrow('tensor w is of type I64');
    expect(() => readTensor(integers, 'v')).toThrow('has no tensor v');
  });
});
