import type { Measure } from './measures';

/** How a value is painted: which hue, and how much of it (0 to 1). */
export interface Paint {
  readonly hue: 'positive' | 'negative' | 'sequential' | 'none';
  readonly strength: number;
}

/** The paint of a value; values near nothing get none, so that paper stays paper. */
export function paint(measure: Measure, full: number, value: number | null): Paint {
  if (value === null || !Number.isFinite(value)) return { hue: 'none', strength: 0 };
  const strength = Math.min(1, Math.abs(value) / full);
  if (strength < 0.01) return { hue: 'none', strength: 0 };
  if (measure.scale === 'sequential') return { hue: 'sequential', strength };
  return { hue: value > 0 ? 'positive' : 'negative', strength };
}

/** How dark a strength is drawn (0 to 1): small values are lifted, or they would be lost on a dark page. */
export function lifted(strength: number): number {
  return strength ** 0.75;
}
