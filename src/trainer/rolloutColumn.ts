import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { writePlain } from 'hyparquet-writer/src/plain.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import type { ChunkStatistics, PageIndexes } from 'hyparquet-writer/src/types.js';
import type { ColumnPage, ColumnShape } from './columnShape';

/** Numbers of a column as 64-bit floats, whatever they are written as; texts and truth values as they are. */
export type ColumnValues = Float64Array | readonly string[] | readonly boolean[];

/** A column of a Parquet file. */
export interface Column {
  readonly path: string[];
  readonly type: 'STRING' | 'INT32' | 'FLOAT' | 'DOUBLE' | 'BOOLEAN';
  readonly values: ColumnValues;
  readonly shape: ColumnShape;
  /** Whether its least and greatest value are noted. */
  readonly statistics: boolean;
}

/** Bytes that a value takes in a page. */
const SIZES = { INT32: 4, FLOAT: 4, DOUBLE: 8, BOOLEAN: 0.125 } as const;

/** Slots that a column is judged by before a dictionary is tried, and the share of their bytes that may be new. */
const SAMPLE = 1000;
const MOST_NEW = 0.9;

/**
 * Writes a column, byte for byte as `hyparquet-writer` does, which walks the schema for every value, and so takes several times as long.
 * @throws RangeError for a number that is no 32-bit integer in a column of those
 */
export function writeColumn(writer: ByteWriter, column: Column, pageSize: number): PageIndexes {
  const { path, type, values, shape, statistics } = column;
  const offset = writer.offset;
  const dictionary = dictionaryOf(column);
  let size = dictionary === undefined ? 0 : writeDictionary(writer, dictionary.values, type);
  const encoding = dictionary !== undefined ? 'RLE_DICTIONARY' : type === 'BOOLEAN' && shape.slots > 16 ? 'RLE' : 'PLAIN';
  const dataOffset = writer.offset;
  const pages = pagesOf(column, dictionary !== undefined, pageSize);
  const locations = pages.map((page) => {
    const at = writer.offset;
    const data =
      dictionary !== undefined
        ? packedIndexes(dictionary.indexes.subarray(page.from, page.to))
        : encoding === 'RLE'
          ? booleanRuns(values.slice(page.from, page.to) as boolean[])
          : plainValues(values.slice(page.from, page.to), type);
    size += writePage(writer, page, encoding, data);
    return { offset: BigInt(at), compressed_page_size: writer.offset - at, first_row_index: BigInt(page.firstRow) };
  });
  return {
    chunk: {
      meta_data: {
        type: type === 'STRING' ? 'BYTE_ARRAY' : type,
        encodings: dictionary === undefined ? [encoding] : ['PLAIN', encoding],
        path_in_schema: path,
        codec: 'SNAPPY',
        num_values: BigInt(shape.slots),
        total_compressed_size: BigInt(writer.offset - offset),
        total_uncompressed_size: BigInt(size),
        data_page_offset: BigInt(dataOffset),
        ...(dictionary !== undefined && { dictionary_page_offset: BigInt(offset) }),
        ...(statistics && {
          statistics: extremes((dictionary?.values ?? values) as Float64Array, type),
          encoding_stats: [
            ...(dictionary === undefined ? [] : [{ page_type: 'DICTIONARY_PAGE', encoding: 'PLAIN', count: 1 } as const]),
            { page_type: 'DATA_PAGE_V2', encoding, count: pages.length } as const,
          ],
        }),
      },
      file_offset: BigInt(offset),
    },
    ...(locations.length > 1 && { offsetIndex: { page_locations: locations } }),
  };
}

function pagesOf({ type, values, shape }: Column, isIndexed: boolean, pageSize: number): readonly ColumnPage[] {
  if (isIndexed) return shape.pagesOf(pageSize, 4);
  if (type !== 'STRING') return shape.pagesOf(pageSize, SIZES[type]);
  return shape.pages(pageSize, (value) => (values[value] as string).length);
}

interface Dictionary {
  readonly values: ColumnValues;
  /** By value. */
  readonly indexes: Int32Array;
}

/** Each value once, where that halves what the column takes; undefined where it does not. */
function dictionaryOf({ type, values, shape }: Column): Dictionary | undefined {
  if (type === 'BOOLEAN') return undefined;
  const sizeOf = type === 'STRING' ? (value: unknown): number => (value as string).length + 4 : (): number => SIZES[type];
  const seen = new Set<unknown>();
  let sampled = 0;
  let fresh = 0;
  for (const at of shape.sample(SAMPLE)) {
    const value = values[at];
    const size = sizeOf(value);
    sampled += size;
    if (seen.has(value)) continue;
    seen.add(value);
    fresh += size;
  }
  if (sampled === 0 || fresh / sampled > MOST_NEW) return undefined;
  const indexes = new Int32Array(values.length);
  const places = new Map<unknown, number>();
  const distinct: unknown[] = [];
  let all = 0;
  let kept = 0;
  let last: unknown;
  let place = -1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const size = sizeOf(value);
    all += size;
    // What is one a round, such as a credit, repeats itself from token to token.
    if (value !== last) {
      const known = places.get(value);
      place = known ?? distinct.length;
      if (known === undefined) {
        places.set(value, place);
        distinct.push(value);
        kept += size;
      }
      last = value;
    }
    indexes[i] = place;
  }
  const packed = Math.ceil((values.length * Math.ceil(Math.log2(distinct.length))) / 8);
  if (2 * (kept + packed) > all) return undefined;
  return { values: type === 'STRING' ? (distinct as string[]) : Float64Array.from(distinct as number[]), indexes };
}

/** Numbers that compare as such; −0 is below 0 and belongs to the minimum. */
function extremes(values: Float64Array, type: Column['type']): ChunkStatistics {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let unknown = 0n;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
    if (Number.isNaN(value)) unknown += 1n;
  }
  return {
    ...(min <= max && { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max }),
    ...{ null_count: 0n, ...(type === 'DOUBLE' && { nan_count: unknown }) },
  };
}

function writeDictionary(writer: ByteWriter, values: ColumnValues, type: Column['type']): number {
  const bytes = plainValues(values, type);
  const compressed = snappyCompress(bytes);
  const at = writer.offset;
  writePageHeader(writer, {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: bytes.length,
    compressed_page_size: compressed.length,
    dictionary_page_header: { num_values: values.length, encoding: 'PLAIN' },
  });
  const header = writer.offset - at;
  writer.appendBytes(compressed);
  return header + bytes.length;
}

function packedIndexes(indexes: Int32Array): Uint8Array {
  let most = 0;
  for (const index of indexes) if (index > most) most = index;
  const width = Math.ceil(Math.log2(most + 1));
  const data = new ByteWriter(indexes.length + 64);
  data.appendUint8(width);
  writeRleBitPackedHybrid(data, indexes, width);
  return data.getBytes();
}

function booleanRuns(values: boolean[]): Uint8Array {
  const runs = new ByteWriter(64);
  writeRleBitPackedHybrid(runs, values, 1);
  const data = new ByteWriter(runs.offset + 4);
  data.appendUint32(runs.offset);
  data.appendBytes(runs.getBytes());
  return data.getBytes();
}

/** Values one after the other, numbers with the lowest byte first, as every machine that Parley runs on has them. */
function plainValues(values: ColumnValues, type: Column['type']): Uint8Array {
  if (!(values instanceof Float64Array)) {
    const data = new ByteWriter();
    writePlain(data, values as string[] | boolean[], type === 'STRING' ? 'BYTE_ARRAY' : 'BOOLEAN', undefined);
    return data.getBytes();
  }
  const numbers = type === 'INT32' ? integers(values) : type === 'FLOAT' ? Float32Array.from(values) : values;
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function integers(values: Float64Array): Int32Array {
  const integers = Int32Array.from(values);
  const wrong = integers.findIndex((value, i) => value !== values[i]);
  if (wrong >= 0) throw new RangeError(`${values[wrong]} is no 32-bit integer`);
  return integers;
}

/** @returns bytes of the page before compression, its header included */
function writePage(writer: ByteWriter, page: ColumnPage, encoding: 'RLE_DICTIONARY' | 'RLE' | 'PLAIN', data: Uint8Array): number {
  const compressed = snappyCompress(data);
  const { levels, repetitionBytes } = page;
  const at = writer.offset;
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.length + data.length,
    compressed_page_size: levels.length + compressed.length,
    data_page_header_v2: {
      num_values: page.slots,
      num_nulls: page.slots - (page.to - page.from),
      num_rows: page.rows,
      encoding,
      definition_levels_byte_length: levels.length - repetitionBytes,
      repetition_levels_byte_length: repetitionBytes,
      is_compressed: true,
    },
  });
  const header = writer.offset - at;
  writer.appendBytes(levels);
  writer.appendBytes(compressed);
  return header + levels.length + data.length;
}
