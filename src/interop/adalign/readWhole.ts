import { Buffer } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * A file's bytes as they are now. Synchronous: for files of some kilobytes, of which a run has a hundred thousand, waiting
 * for each costs more than reading it; who reads many gives the event loop its turn in between.
 * @throws Error when the file is larger than `limit` bytes, or cannot be read
 */
export function readWhole(path: string, limit: number): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > limit) throw new Error(`is larger than ${limit >> 20} MB: it is not read`);
    const bytes = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const count = readSync(descriptor, bytes, filled, size - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return filled === size ? bytes : bytes.subarray(0, filled);
  } finally {
    closeSync(descriptor);
  }
}
