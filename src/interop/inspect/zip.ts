import { crc32, deflateRawSync } from 'node:zlib';

/** UTF-8 names (bit 11 of the general purpose flag). */
const UTF8_NAMES = 0x0800;
const DEFLATE = 8;
/** Version 2.0 of the format: what reading a deflated entry takes. */
const VERSION = 20;
/** Sizes and offsets have 32 bits, numbers of entries 16. */
const MOST_BYTES = 0xffffffff;

/** A ZIP holds no more entries than this without extensions that not every reader has. */
export const MOST_ENTRIES = 0xffff;

/**
 * Makes a ZIP entry by entry (APPNOTE.TXT 6.3), nothing but the list of entries being kept. Sizes and checksum stand before an
 * entry's data, not behind them as in a streamed ZIP: inspect_ai's viewer reads them there.
 */
export class ZipWriter {
  readonly #central: Uint8Array[] = [];
  #offset = 0;

  /** @param time of all entries; DOS time has no year before 1980, no zone and steps of two seconds. */
  constructor(private readonly time: Date) {}

  /** The next entry's bytes. @throws RangeError for an archive that grows past 4 GB or 65 535 entries */
  entry(name: string, content: Uint8Array): Uint8Array {
    const data = deflateRawSync(content);
    const bytes = new TextEncoder().encode(name);
    const shared = this.#fields(content, data.length, bytes.length);
    const offset = this.#offset;
    this.#offset += 30 + bytes.length + data.length;
    if (this.#offset > MOST_BYTES || this.#central.length >= MOST_ENTRIES) {
      throw new RangeError('an .eval file holds at most 4 GB and 65 530 negotiations: export fewer at a time');
    }
    const central = new DataView(new ArrayBuffer(46 + bytes.length));
    central.setUint32(0, 0x02014b50, true);
    central.setUint16(4, VERSION, true);
    const record = new Uint8Array(central.buffer);
    record.set(shared, 6);
    central.setUint32(42, offset, true);
    record.set(bytes, 46);
    this.#central.push(record);
    const local = new Uint8Array(30 + bytes.length + data.length);
    new DataView(local.buffer).setUint32(0, 0x04034b50, true);
    local.set(shared, 4);
    local.set(bytes, 30);
    local.set(data, 30 + bytes.length);
    return local;
  }

  /** The bytes that close the archive. */
  end(): Uint8Array {
    const size = this.#central.reduce((sum, { length }) => sum + length, 0);
    const bytes = new Uint8Array(size + 22);
    let at = 0;
    for (const record of this.#central) {
      bytes.set(record, at);
      at += record.length;
    }
    const view = new DataView(bytes.buffer, size);
    view.setUint32(0, 0x06054b50, true);
    view.setUint16(8, this.#central.length, true);
    view.setUint16(10, this.#central.length, true);
    view.setUint32(12, size, true);
    view.setUint32(16, this.#offset, true);
    return bytes;
  }

  /** What local header and central directory have in common, from the version that is needed to the lengths of the name and of nothing else. */
  #fields(content: Uint8Array, compressed: number, name: number): Uint8Array {
    const { time } = this;
    const view = new DataView(new ArrayBuffer(26));
    view.setUint16(0, VERSION, true);
    view.setUint16(2, UTF8_NAMES, true);
    view.setUint16(4, DEFLATE, true);
    view.setUint16(6, (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1), true);
    const year = Math.min(127, Math.max(0, time.getUTCFullYear() - 1980));
    view.setUint16(8, (year << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate(), true);
    view.setUint32(10, crc32(content), true);
    view.setUint32(14, compressed, true);
    view.setUint32(18, content.length, true);
    view.setUint16(22, name, true);
    return new Uint8Array(view.buffer);
  }
}
