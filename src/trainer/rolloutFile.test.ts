import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { type ParquetType, parquetSchema } from '../protocol/parquetSchema';
import { ROLLOUT_COLUMNS, type TurnRow } from '../protocol/rollouts';
import { encodeRollouts } from './rolloutFile';

const single = fc.float({ noNaN: true, noDefaultInfinity: true }).map((x) => Math.fround(x) + 0);
const cells: Record<string, fc.Arbitrary<unknown>> = {
  INT32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  DOUBLE: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  FLOAT: single,
  BOOLEAN: fc.boolean(),
  STRING: fc.oneof(fc.string(), fc.constantFrom('', '{"a":1}', 'naïve 🙂\r\n\u0000')),
};
const row = fc.record(
  Object.fromEntries(
    Object.entries(ROLLOUT_COLUMNS).map(([name, type]) => {
      const cell = cells[type.replace(/\?|\[\]/g, '')]!;
      return [name, type.endsWith('[]') ? fc.array(cell, { maxLength: 5 }) : type.endsWith('?') ? fc.option(cell) : cell];
    }),
  ),
) as fc.Arbitrary<unknown> as fc.Arbitrary<TurnRow>;

/** What `encodeRollouts` has to give: the library's own way, which is several times slower. */
function encodedByLibrary(rows: readonly TurnRow[]): Uint8Array {
  const columns = Object.entries(ROLLOUT_COLUMNS) as [keyof TurnRow, ParquetType][];
  const columnData = columns.map(([name, type]) => ({
    name,
    data: rows.map((one) => one[name]),
    statistics: type === 'INT32' || type === 'DOUBLE',
  }));
  const schema = parquetSchema('turns', ROLLOUT_COLUMNS);
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, rowGroupSize: 1 << 20, pageSize: 8192, createdBy: 'parley' }));
}

describe('a rollout file', () => {
  it('is byte for byte what hyparquet-writer makes of the rows', () => {
    const list = fc.array(row, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(list, fc.integer({ min: 1, max: 40 }), (some, times) => {
        // Repeated rows make dictionaries and runs; many make pages.
        const rows = Array.from({ length: times }, () => some).flat();
        expect(Buffer.compare(encodeRollouts(rows), encodedByLibrary(rows))).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('is not written with a number that its column cannot hold', () => {
    const [one] = fc.sample(row, { numRuns: 1, seed: 1 });
    expect(() => encodeRollouts([{ ...one!, token_ids: [2 ** 31] }])).toThrow('2147483648 is no 32-bit integer');
    expect(() => encodeRollouts([{ ...one!, round: 0.5 }])).toThrow('0.5 is no 32-bit integer');
    expect(() => encodeRollouts([{ ...one!, log_probs: [undefined as unknown as number] }])).toThrow('log_probs');
  });

  it('gives back what was written, every column, empty lists and nulls included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        const bytes = encodeRollouts(rows);
        const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
        const read = await parquetReadObjects({ file, compressors });
        // −0 is 0 to everyone who reads a Parquet file.
        expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(rows)));
      }),
      { numRuns: 25 },
    );
  });

  it('gives any range of rows, however many pages it is cut into', async () => {
    const rows = fc.sample(row, { numRuns: 2500, seed: 5 }).map((one, i) => ({ ...one, prompt: `${one.prompt} ${i}`, turn: i }));
    const bytes = encodeRollouts(rows);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const paged = parquetMetadata(file).row_groups[0]!.columns.filter(({ offset_index_offset }) => offset_index_offset !== undefined);
    expect(paged.length).toBeGreaterThan(5);
    for (const [rowStart, rowEnd] of [
      [0, 1],
      [17, 60],
      [2499, 2500],
      [1200, 2500],
    ] as const) {
      const read = await parquetReadObjects({ file, compressors, rowStart, rowEnd, useOffsetIndex: true });
      expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(rows.slice(rowStart, rowEnd))));
    }
  });

  it('has equal bytes for equal rows, and one row group', () => {
    const rows = fc.sample(row, { numRuns: 50, seed: 3 });
    const bytes = encodeRollouts(rows);
    expect(encodeRollouts(structuredClone(rows))).toEqual(bytes);
    expect(parquetMetadata(bytes.slice().buffer).row_groups).toHaveLength(1);
  });
});
