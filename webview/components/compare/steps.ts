import { computed } from '@preact/signals';
import type { TurnView } from '../../../src/protocol/webview';
import { counterpart, cursor, negotiation } from '../../state';
import { type Step, stepsOf } from './difference';

/** The steps of the comparison in view. */
export const steps = computed<readonly Step[]>(() =>
  negotiation.value === null ? [] : stepsOf(negotiation.value.turns, counterpart.value?.turns ?? []),
);

/** The next turn of ours that the other run's policy did otherwise; wraps around, null if there is none. */
export function nextDifference(): TurnView | null {
  const differing = steps.value.filter((step) => step.left !== null && step.difference !== 'same');
  const from = cursor.value?.turn ?? -1;
  return (differing.find((step) => step.leftIndex > from) ?? differing[0])?.left ?? null;
}
