import { computed } from '@preact/signals';
import type { TurnView } from '../../../src/protocol/webview';
import { colourBy, counterpart, negotiation } from '../../state';
import { fullScale, type Measure, measureOf } from './measures';

/** The measure that colours the tokens, and the value at which the colour is full; shared by all columns in view. */
export const tokenScale = computed<{ readonly measure: Measure; readonly full: number; readonly clipped: boolean }>(() => {
  const measure = measureOf(colourBy.value);
  const turns: TurnView[] = [...(negotiation.value?.turns ?? []), ...(counterpart.value?.turns ?? [])];
  return { measure, ...fullScale(measure, turns) };
});

/** How a value is painted: which hue, and how much of it (0 to 1). */
export interface Paint {
  readonly hue: 'positive' | 'negative' | 'sequential' | 'none';
  readonly strength: number;
}

/** The tint of a strength: small values are lifted, or they would be lost on a dark page; bars stay in proportion. */
export function tint(strength: number): string {
  return (strength ** 0.75).toFixed(3);
}

/** The paint of a value; values near nothing get none, so that paper stays paper. */
export function paint(measure: Measure, full: number, value: number | null): Paint {
  if (value === null || !Number.isFinite(value)) return { hue: 'none', strength: 0 };
  const strength = Math.min(1, Math.abs(value) / full);
  if (strength < 0.01) return { hue: 'none', strength: 0 };
  if (measure.scale === 'sequential') return { hue: 'sequential', strength };
  return { hue: value > 0 ? 'positive' : 'negative', strength };
}
