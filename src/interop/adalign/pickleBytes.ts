import { Buffer } from 'node:buffer';
import { type Budget, PickleError, PyBytes } from './pickleData';

/** Costs of what is read, bytes, roughly what V8 takes. */
const COST = { float: 16, text: 32, bytes: 96 } as const;

/** Steps that decoding a text or an integer takes. */
const SLOW = 6;

/** Bytes of the longest integer that is read. */
const MAX_LONG = 16;

/** The bytes of a pickle, read from front to back within bounds; what is built from them is paid from a budget. */
export class PickleBytes {
  readonly bytes: Buffer;

  constructor(
    bytes: Uint8Array,
    private readonly budget: Budget,
    /** Where the next byte is. */
    public pos: number,
    /** Where the bytes that may be read end. */
    readonly end: number,
  ) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #need(count: number): void {
    if (this.pos + count > this.end) throw this.cut();
  }

  /** @throws PickleError where the bytes end. */
  byte(): number {
    if (this.pos >= this.end) throw this.cut();
    return this.bytes[this.pos++]!;
  }

  /** A big-endian double. */
  double(): number {
    this.#need(8);
    this.budget.spend(COST.float);
    const value = this.bytes.readDoubleBE(this.pos);
    this.pos += 8;
    return value;
  }

  /** A little-endian unsigned 16-bit integer. */
  uint16(): number {
    this.#need(2);
    const value = this.bytes[this.pos]! | (this.bytes[this.pos + 1]! << 8);
    this.pos += 2;
    return value;
  }

  /** A little-endian unsigned 32-bit integer. */
  uint32(): number {
    this.#need(4);
    const b = this.bytes;
    const p = this.pos;
    this.pos += 4;
    return (b[p]! | (b[p + 1]! << 8) | (b[p + 2]! << 16) | (b[p + 3]! << 24)) >>> 0;
  }

  /** An 8-byte length, which must lie within the file. */
  length8(): number {
    const low = this.uint32();
    const length = this.uint32() * 2 ** 32 + low;
    this.#within(length);
    return length;
  }

  #within(length: number): void {
    if (this.pos + length > this.end) {
      throw new PickleError(
        `is cut short: byte ${this.pos} announces ${length} bytes where ${this.end - this.pos} follow. Copy the file again, or wait until it is written`,
      );
    }
  }

  /** UTF-8 of `length` bytes. */
  text(length: number): string {
    this.#within(length);
    this.budget.step(SLOW);
    this.budget.spend(COST.text + length);
    const text = this.bytes.toString('utf8', this.pos, this.pos + length);
    this.pos += length;
    return text;
  }

  /** A view of `length` bytes. */
  data(length: number): PyBytes {
    this.#within(length);
    this.budget.spend(COST.bytes);
    const data = new PyBytes(this.bytes, this.pos, this.pos + length);
    this.pos += length;
    return data;
  }

  /** Little-endian two's complement of `length` bytes. */
  long(length: number): number | bigint {
    this.#within(length);
    if (length > MAX_LONG) throw new PickleError(`has an integer of ${length} bytes: it is not read further`);
    this.budget.step(SLOW);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[this.pos + i]!);
    this.pos += length;
    if (length > 0) value = BigInt.asIntN(length * 8, value);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  /** Text up to the next line end, which is passed. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.pos);
    if (end < 0) throw this.cut();
    if (end >= this.end) throw this.cut();
    if (end - this.pos > 200) throw damaged(this.pos, 'a global with a name of more than 200 characters');
    const line = this.bytes.toString('utf8', this.pos, end);
    this.pos = end + 1;
    return line;
  }

  /** That the bytes ended too early. */
  cut(): PickleError {
    return new PickleError(`is cut short: it ends at byte ${this.end}. Copy the file again, or wait until it is written`);
  }
}

/** That a pickle does not make sense at a byte. */
export function damaged(at: number, what: string): PickleError {
  return new PickleError(`is damaged: byte ${at} needs ${what}`);
}
