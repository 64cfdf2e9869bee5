import { Buffer } from 'node:buffer';
import { close, fstat, open, read } from 'node:fs';
import { promisify } from 'node:util';

const opened = promisify(open);
const closed = promisify(close);
const sized = promisify(fstat);

/**
 * A file's bytes as they are now. Descriptors rather than file handles: for files of some kilobytes those cost more than the reading.
 * @throws Error when the file is larger than `limit` bytes, or cannot be read
 */
export async function readWhole(path: string, limit: number): Promise<Buffer> {
  const descriptor = await opened(path, 'r');
  try {
    const { size } = await sized(descriptor);
    if (size > limit) throw new Error(`is larger than ${limit >> 20} MB: it is not read`);
    const bytes = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const count = await piece(descriptor, bytes, filled);
      if (count === 0) break;
      filled += count;
    }
    return filled === size ? bytes : bytes.subarray(0, filled);
  } finally {
    await closed(descriptor);
  }
}

function piece(descriptor: number, bytes: Buffer, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, bytes, from, bytes.length - from, from, (error, count) => (error ? reject(error) : resolve(count)));
  });
}
