import { computed } from '@preact/signals';
import { lifted } from '../../../src/domain/tokens/paint';
import type { TurnView } from '../../../src/protocol/webview';
import { colourBy, counterparts, negotiation } from '../../state';
import { fullScale, type Measure, measureOf } from './measures';

export { type Paint, paint } from '../../../src/domain/tokens/paint';

/** The measure that colours the tokens, and the value at which the colour is full; shared by all columns in view. */
export const tokenScale = computed<{ readonly measure: Measure; readonly full: number; readonly clipped: boolean }>(() => {
  const measure = measureOf(colourBy.value);
  const turns: TurnView[] = [...(negotiation.value?.turns ?? []), ...counterparts.value.flatMap((view) => view?.turns ?? [])];
  return { measure, ...fullScale(measure, turns) };
});

/** The tint of a strength; bars stay in proportion. */
export function tint(strength: number): string {
  return lifted(strength).toFixed(3);
}
