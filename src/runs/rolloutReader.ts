import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { ROLLOUT_COLUMNS, type TurnRow } from '../protocol/rollouts';
import type { IterationLine } from '../protocol/runFiles';
import { isMissing, messageOf } from './problem';

/** A rollout file that cannot be read; the message names the file and what to do. */
export class RolloutError extends Error {
  override readonly name = 'RolloutError';
}

/** Where an iteration's rollouts are, as its journal line says. */
export type RolloutFile = NonNullable<IterationLine['rollouts']>;

/**
 * Files up to this size are read at once and kept while they are cached; of larger ones the pages that are asked for are read. A
 * negotiation is spread over a hundred places of its file, and a hundred reads take longer than one of a megabyte.
 */
const WHOLE_FILE = 2 ** 22;

/** What a file's metadata and index take in memory, about: 33 columns with their places, and a range a negotiation. */
const METADATA = 2 ** 18;

/** Columns that are decoded side by side. */
const COLUMNS_AT_ONCE = 4;

interface OpenFile {
  /** The file; null where it is too large to be kept. */
  readonly whole: AsyncBuffer | null;
  readonly metadata: FileMetaData;
  /** Row range of each negotiation and seed group, `[first, after last]`. */
  readonly negotiations: ReadonlyMap<number, RowRange>;
  readonly groups: ReadonlyMap<number, RowRange>;
  readonly bytes: number;
}

type RowRange = readonly [start: number, end: number];

/** Reads turns out of rollout files, no more rows and columns than asked for, with a cache bounded in bytes. */
export class RolloutReader {
  /** Least recently used first. */
  readonly #open = new Map<string, Promise<OpenFile>>();
  readonly #sizes = new Map<string, number>();

  constructor(
    /** Bytes that the cache may hold, the file in use aside. */
    private readonly capacity = 16 * 2 ** 20,
    /** Bytes of the largest file that is read at once. */
    private readonly wholeFile = WHOLE_FILE,
  ) {}

  /**
   * The turns of one negotiation in order, every column; empty if the file has no such negotiation.
   * @throws RolloutError
   */
  async negotiation(folder: string, file: RolloutFile, negotiation: number): Promise<TurnRow[]> {
    return this.columns(folder, file, negotiation, Object.keys(ROLLOUT_COLUMNS) as (keyof TurnRow)[]);
  }

  /**
   * Chosen columns of the turns of one negotiation, in order.
   * @throws RolloutError
   */
  async columns<K extends keyof TurnRow>(
    folder: string,
    file: RolloutFile,
    negotiation: number,
    columns: readonly K[],
  ): Promise<Pick<TurnRow, K>[]> {
    return this.#read(folder, file, (open) => open.negotiations.get(negotiation), columns);
  }

  /**
   * Chosen columns of all turns of one seed group, in order.
   * @throws RolloutError
   */
  async group<K extends keyof TurnRow>(
    folder: string,
    file: RolloutFile,
    group: number,
    columns: readonly K[],
  ): Promise<Pick<TurnRow, K>[]> {
    return this.#read(folder, file, (open) => open.groups.get(group), columns);
  }

  /**
   * Chosen columns of every turn of the file.
   * @throws RolloutError
   */
  async all<K extends keyof TurnRow>(folder: string, file: RolloutFile, columns: readonly K[]): Promise<Pick<TurnRow, K>[]> {
    return this.#read(folder, file, (open) => [0, Number(open.metadata.num_rows)], columns);
  }

  /** Bytes that the cache holds now. */
  get cachedBytes(): number {
    let total = 0;
    for (const size of this.#sizes.values()) total += size;
    return total;
  }

  async #read<K extends keyof TurnRow>(
    folder: string,
    file: RolloutFile,
    rangeOf: (open: OpenFile) => RowRange | undefined,
    columns: readonly K[],
  ): Promise<Pick<TurnRow, K>[]> {
    const path = inside(folder, file.file);
    try {
      const open = await this.#file(path, file);
      const range = rangeOf(open);
      if (range === undefined) return [];
      if (open.whole !== null) return await readRows(open.whole, open.metadata, range, columns);
      return await withFile(path, (handle) => readRows(pieces(handle, file.bytes), open.metadata, range, columns));
    } catch (error) {
      this.#forget(path);
      if (error instanceof RolloutError) throw error;
      if (isMissing(error)) throw new RolloutError(`${file.file} is missing: copy it from where the run was made`);
      throw new RolloutError(`${file.file} is damaged (${messageOf(error)}): copy it again from where the run was made`);
    }
  }

  #file(path: string, file: RolloutFile): Promise<OpenFile> {
    const known = this.#open.get(path);
    this.#open.delete(path);
    const opening = known ?? openFile(path, file, this.wholeFile);
    this.#open.set(path, opening);
    if (known === undefined) {
      void opening.then(
        ({ bytes }) => {
          if (this.#open.get(path) === opening) this.#sizes.set(path, bytes);
          this.#trim();
        },
        () => undefined,
      );
    }
    return opening;
  }

  #trim(): void {
    for (const path of [...this.#open.keys()].slice(0, -1)) {
      if (this.cachedBytes <= this.capacity) return;
      this.#forget(path);
    }
  }

  #forget(path: string): void {
    this.#open.delete(path);
    this.#sizes.delete(path);
  }
}

async function openFile(path: string, file: RolloutFile, wholeFile: number): Promise<OpenFile> {
  return withFile(path, async (handle) => {
    const { size } = await handle.stat();
    if (size !== file.bytes) {
      const how = size < file.bytes ? 'cut short' : 'longer than written';
      throw new RolloutError(`${file.file} is ${how} (${size} of ${file.bytes} bytes): copy it again from where the run was made`);
    }
    const parts = pieces(handle, size);
    const whole = size <= wholeFile ? kept(await parts.slice(0, size)) : null;
    const metadata = await parquetMetadataAsync(whole ?? parts);
    checkColumns(metadata);
    const index = await readRows(whole ?? parts, metadata, [0, Number(metadata.num_rows)], ['seed_group', 'negotiation']);
    return {
      whole,
      metadata,
      negotiations: ranges(index.map((row) => row.negotiation)),
      groups: ranges(index.map((row) => row.seed_group)),
      bytes: (whole?.byteLength ?? 0) + METADATA + index.length * 2,
    };
  });
}

/** Parquet's physical types that may hold a column's values. */
const PHYSICAL: Readonly<Record<string, readonly string[]>> = {
  INT32: ['INT32', 'INT64'],
  STRING: ['BYTE_ARRAY'],
  BOOLEAN: ['BOOLEAN'],
  DOUBLE: ['DOUBLE', 'FLOAT'],
  FLOAT: ['FLOAT', 'DOUBLE'],
};

/** Files come from anywhere: each column has to be of the type that `TurnRow` says. @throws Error naming the column */
function checkColumns(metadata: FileMetaData): void {
  const columns = new Map(parquetSchema(metadata).children.map((child) => [child.element.name, child]));
  for (const [name, type] of Object.entries(ROLLOUT_COLUMNS)) {
    let node = columns.get(name);
    if (node === undefined) throw new Error(`column ${name} is missing`);
    const isNested = node.children.length > 0;
    while (node.children[0] !== undefined) node = node.children[0];
    const allowed = PHYSICAL[type.replace(/\[\]|\?/, '')] ?? [];
    if (isNested !== type.endsWith('[]') || !allowed.includes(node.element.type ?? '')) {
      throw new Error(`column ${name} is not ${type}`);
    }
  }
}

async function readRows<K extends keyof TurnRow>(
  file: AsyncBuffer,
  metadata: FileMetaData,
  [rowStart, rowEnd]: RowRange,
  columns: readonly K[],
): Promise<Pick<TurnRow, K>[]> {
  const rows: Record<string, unknown>[] = [];
  // A few columns at a time: what decoding a page leaves behind is then gone before it counts as old, and the heap stays small.
  for (let at = 0; at < columns.length; at += COLUMNS_AT_ONCE) {
    const some = columns.slice(at, at + COLUMNS_AT_ONCE);
    const found = await parquetReadObjects({ file, metadata, columns: some, rowStart, rowEnd, compressors, useOffsetIndex: true });
    found.forEach((row, index) => {
      rows[index] = Object.assign(rows[index] ?? {}, plain(row, some));
    });
  }
  return rows as Pick<TurnRow, K>[];
}

/** BigInts become numbers (they break `postMessage`), typed arrays lists; a missing column is an error. */
function plain<K extends keyof TurnRow>(row: Record<string, unknown>, columns: readonly K[]): Pick<TurnRow, K> {
  const cells: Record<string, unknown> = {};
  for (const column of columns) {
    const cell = row[column];
    if (cell === undefined || (cell === null && !ROLLOUT_COLUMNS[column].endsWith('?'))) {
      throw new Error(`column ${column} is missing`);
    }
    cells[column] = typeof cell === 'bigint' ? Number(cell) : isList(cell) ? list(cell) : cell;
  }
  return cells as Pick<TurnRow, K>;
}

/** A list as it is where it holds plain values already: there are hundreds of thousands in a file. */
function list(cell: ArrayLike<unknown>): unknown[] {
  return Array.isArray(cell) && !cell.some((value) => typeof value === 'bigint') ? cell : Array.from(cell, scalar);
}

function scalar(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

function isList(cell: unknown): cell is ArrayLike<unknown> {
  return Array.isArray(cell) || (ArrayBuffer.isView(cell) && !(cell instanceof DataView));
}

/** First and last occurrence of each value: rows of one negotiation, and of one group, lie together. */
function ranges(values: readonly number[]): Map<number, RowRange> {
  const found = new Map<number, RowRange>();
  values.forEach((value, row) => {
    found.set(value, [found.get(value)?.[0] ?? row, row + 1]);
  });
  return found;
}

function kept(bytes: ArrayBuffer): AsyncBuffer {
  return { byteLength: bytes.byteLength, slice: (start, end) => bytes.slice(start, end) };
}

/** A file that is open while something is done with it: none stays open, or nobody could delete its run on Windows. */
async function withFile<T>(path: string, act: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path);
  try {
    return await act(handle);
  } finally {
    await handle.close();
  }
}

function pieces(handle: FileHandle, byteLength: number): AsyncBuffer & { slice(start: number, end?: number): Promise<ArrayBuffer> } {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const from = start < 0 ? byteLength + start : start;
      const piece = new Uint8Array(new ArrayBuffer(end - from));
      const { bytesRead } = await handle.read(piece, 0, piece.byteLength, from);
      if (bytesRead < piece.byteLength) throw new Error(`ends at byte ${from + bytesRead}`);
      return piece.buffer;
    },
  };
}

/** A path from a journal, which may come from anyone: it must lie in the run folder. */
function inside(folder: string, file: string): string {
  const path = resolve(folder, file);
  const way = relative(folder, path);
  if (isAbsolute(file) || way.startsWith('..') || isAbsolute(way)) {
    throw new RolloutError(`journal.jsonl names ${file}, which lies outside the run folder: it is not opened`);
  }
  return join(folder, way);
}
