import { computed } from '@preact/signals';
import type { TurnView } from '../../../src/protocol/webview';
import { counterparts, cursor, negotiation } from '../../state';
import { type Step, stepsOf } from './difference';

/** The steps of the comparison in view. */
export const steps = computed<readonly Step[]>(() =>
  negotiation.value === null ? [] : stepsOf([negotiation.value.turns, ...counterparts.value.map((view) => view?.turns ?? [])]),
);

/** The next or previous turn of the first column that another one did otherwise; wraps around, null if there is none. */
export function nextDifference(delta: 1 | -1): TurnView | null {
  const differing = steps.value.filter(({ turns, differences }) => turns[0] !== null && differences.some((one) => one !== 'same'));
  const from = cursor.value?.turn ?? -1;
  const next =
    delta > 0
      ? (differing.find(({ indices }) => indices[0]! > from) ?? differing[0])
      : (differing.findLast(({ indices }) => indices[0]! < from) ?? differing.at(-1));
  return next?.turns[0] ?? null;
}
