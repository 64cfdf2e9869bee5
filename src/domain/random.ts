/**
 * A counter-based generator: the n-th number of a stream is a pure function of (key, n), so a run that
 * was stopped and one that was not draw the same numbers.
 */
export interface Random {
  /** The next uniform in the open interval (0, 1), (k + ½)·2⁻²³, exact in float32. */
  uniform(): number;
  /** The next integer in 0 … n − 1. */
  integer(n: number): number;
  /** A stream of its own, independent of this one and of how much of it was drawn. */
  fork(...key: readonly (string | number)[]): Random;
}

const ROUNDS = 10;
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * @param counter four 32-bit words; overwritten with the four output words.
 */
export function philox(counter: Uint32Array, key0: number, key1: number): void {
  let [c0, c1, c2, c3] = counter as unknown as [number, number, number, number];
  let k0 = key0 >>> 0;
  let k1 = key1 >>> 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/** The upper 32 bits of the 64-bit product of two 32-bit words. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carry = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** The stream named by `key`: numbers and words, in order (run seed, purpose, iteration, group, …). */
export function random(...key: readonly (string | number)[]): Random {
  return stream(hash(key, [0x50415253, 0x4c45594d]));
}

function stream([k0, k1]: readonly [number, number]): Random {
  const block = new Uint32Array(4);
  let drawn = 0;
  const next = (): number => {
    if ((drawn & 3) === 0) {
      block[0] = (drawn / 4) >>> 0;
      block[1] = Math.floor(drawn / 4 / 0x100000000);
      block[2] = 0;
      block[3] = 0;
      philox(block, k0, k1);
    }
    return block[drawn++ & 3]!;
  };
  const uniform = (): number => ((next() >>> 9) + 0.5) / 0x800000;
  return {
    uniform,
    integer: (n) => Math.floor(uniform() * n),
    fork: (...key) => stream(hash(key, [k0, k1])),
  };
}

/** Philox as a sponge: absorbs the key two words a block. */
function hash(key: readonly (string | number)[], start: readonly [number, number]): [number, number] {
  const words: number[] = [];
  for (const part of key) {
    if (typeof part === 'number') {
      words.push(part >>> 0, Math.floor(part / 0x100000000) >>> 0);
    } else {
      words.push(0xffffffff, part.length);
      for (let i = 0; i < part.length; i++) words.push(part.charCodeAt(i));
    }
  }
  let [k0, k1] = start;
  const block = new Uint32Array(4);
  for (let i = 0; i < words.length; i += 2) {
    block[0] = words[i]!;
    block[1] = words[i + 1] ?? 0;
    block[2] = i;
    block[3] = words.length;
    philox(block, k0, k1);
    k0 = block[0];
    k1 = block[1];
  }
  return [k0, k1];
}
