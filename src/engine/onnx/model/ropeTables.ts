import type { RopeConfig } from './config';

/** Rotation tables of positions 0 … n − 1, `[position, headSize]`, in the half-split layout (angle i and i + size/2 are one). */
export interface RopeTable {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** @param factor both tables are multiplied by this: queries carry the attention scale. */
export function ropeTable(config: RopeConfig, positions: number, headSize: number, factor = 1): RopeTable {
  const half = headSize / 2;
  const cos = new Float32Array(positions * headSize);
  const sin = new Float32Array(positions * headSize);
  const frequencies = Array.from({ length: half }, (_, i) => scaled(config.theta ** (-i / half), config.scaling));
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i]!);
      const at = position * headSize + i;
      cos[at] = cos[at + half] = Math.cos(angle) * factor;
      sin[at] = sin[at + half] = Math.sin(angle) * factor;
    }
  }
  return { cos, sin };
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
