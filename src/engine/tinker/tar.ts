/** A regular file of an archive, as it comes. */
export interface TarFile {
  /** Its path, as the archive has it. */
  readonly name: string;
  readonly size: number;
}

/** What becomes of a file: its bytes in order, then its end. */
export interface TarSink {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

const BLOCK = 512;

/**
 * Reads a tar archive (POSIX ustar) block by block: each regular file goes to the sink that `open` gives it, or past where that is null. Links,
 * folders and extensions are passed over, so that nothing is ever written but what `open` names.
 * @param mostBytes of the whole archive, unpacked
 * @throws RangeError for what is no archive, is cut off, or is longer
 */
export async function readTar(
  chunks: AsyncIterable<Uint8Array>,
  open: (file: TarFile) => Promise<TarSink | null>,
  mostBytes: number,
): Promise<void> {
  let header = Buffer.alloc(0);
  let sink: TarSink | null = null;
  /** Bytes of the file under way that are still to come, and of its padding. */
  let left = 0;
  let padding = 0;
  let total = 0;
  let ended = false;
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > mostBytes) throw new RangeError(`the archive has more than ${Math.round(mostBytes / 2 ** 20)} MB`);
    for (let at = 0; at < chunk.length && !ended; ) {
      if (left > 0) {
        const part = chunk.subarray(at, at + left);
        await sink?.write(part);
        left -= part.length;
        at += part.length;
        if (left === 0) {
          await sink?.end();
          sink = null;
        }
        continue;
      }
      if (padding > 0) {
        const skipped = Math.min(padding, chunk.length - at);
        padding -= skipped;
        at += skipped;
        continue;
      }
      const part = chunk.subarray(at, at + BLOCK - header.length);
      header = Buffer.concat([header, part]);
      at += part.length;
      if (header.length < BLOCK) continue;
      const file = readHeader(header);
      header = Buffer.alloc(0);
      if (file === null) {
        ended = true;
        break;
      }
      sink = file.isFile ? await open(file) : null;
      left = file.size;
      padding = (BLOCK - (file.size % BLOCK)) % BLOCK;
      if (left === 0) {
        await sink?.end();
        sink = null;
      }
    }
  }
  if (left > 0 || header.length > 0) throw new RangeError('the archive is cut off');
}

/** A file's header; null for the block of zeros that ends an archive. */
function readHeader(block: Buffer): (TarFile & { readonly isFile: boolean }) | null {
  if (block.every((byte) => byte === 0)) return null;
  const text = (from: number, to: number): string => block.toString('utf8', from, to).split('\0', 1)[0] ?? '';
  const sum = Number.parseInt(text(148, 156).trim(), 8);
  // The checksum is over the header with spaces in its own place.
  const actual = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (sum !== actual) throw new RangeError('the archive is no tar archive, or damaged');
  const size = Number.parseInt(text(124, 136).trim() || '0', 8);
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('the archive has a file of a size that cannot be read');
  const prefix = text(345, 500);
  const name = text(0, 100);
  return { name: prefix === '' ? name : `${prefix}/${name}`, size, isFile: ['0', '\0', ''].includes(block.toString('latin1', 156, 157)) };
}
