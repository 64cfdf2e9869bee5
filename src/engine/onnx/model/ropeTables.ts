import type { RopeConfig } from './config';

/** Rotation tables of positions 0 … n − 1, `[position, copies · headSize]`, in the half-split layout (angle i and i + size/2 are one). */
export interface RopeTable {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * @param factor both tables are multiplied by this: queries carry the attention scale
 * @param copies of a position's angles, one after another: see `ropeCopies`
 */
export function ropeTable(config: RopeConfig, positions: number, headSize: number, factor = 1, copies = 1): RopeTable {
  const half = headSize / 2;
  const width = copies * headSize;
  const cos = new Float32Array(positions * width);
  const sin = new Float32Array(positions * width);
  const frequencies = Array.from({ length: half }, (_, i) => scaled(config.theta ** (-i / half), config.scaling));
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i]!);
      const at = position * width + i;
      cos[at] = cos[at + half] = Math.cos(angle) * factor;
      sin[at] = sin[at + half] = Math.sin(angle) * factor;
    }
    for (const table of [cos, sin]) {
      const first = position * width;
      for (let copy = 1; copy < copies; copy++) table.copyWithin(first + copy * headSize, first, first + headSize);
    }
  }
  return { cos, sin };
}

/** Small heads get the angles once each, though all turn alike: onnxruntime is slow at repeating few numbers many times. */
export function ropeCopies(heads: number, headSize: number): number {
  return headSize < 64 ? heads : 1;
}

/** One frequency under a scaling rule; llama3's blends long wavelengths into stretched ones, as transformers does. */
function scaled(frequency: number, scaling: RopeConfig['scaling']): number {
  if (scaling.kind === 'default') return Math.fround(frequency);
  if (scaling.kind === 'linear') return Math.fround(frequency / scaling.factor);
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength > originalPositions / low) return Math.fround(frequency / factor);
  if (wavelength < originalPositions / high) return Math.fround(frequency);
  const smooth = (originalPositions / wavelength - low) / (high - low);
  return Math.fround(((1 - smooth) * frequency) / factor + smooth * frequency);
}
