const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** bfloat16, rounded to the nearest, ties to even; NaN stays NaN. */
export function toBfloat16(values: ArrayLike<number>): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    FLOAT[0] = values[i]!;
    const bits = BITS[0]!;
    halves[i] = Number.isNaN(values[i]!) ? 0x7fc0 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return halves;
}

/** IEEE half precision, rounded to the nearest, ties to even; subnormal numbers and infinities included. */
export function toFloat16(values: ArrayLike<number>): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = float16(values[i]!);
  return halves;
}

function float16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Halfway between the largest number and what would come after it.
  if (size >= 65520) return sign | 0x7c00;
  // Steps of a subnormal number are 2⁻²⁴; of others 2⁻¹⁰ of their power of two.
  const exponent = Math.max(-14, size === 0 ? -14 : Math.floor(Math.log2(size)));
  const steps = roundToEven(size / 2 ** (exponent - 10));
  // What rounds up to the next power of two, or to the first normal number, carries into the exponent's bits by itself.
  return sign | ((exponent + 14) * 1024 + steps);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
