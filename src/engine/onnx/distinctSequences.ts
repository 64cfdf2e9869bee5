import type { TrainSequence } from '../engine';

/** Sequences without repetition. */
export interface DistinctSequences {
  readonly sequences: readonly TrainSequence[];
  /** For each sequence given, the index of the one that stands for it. */
  readonly of: readonly number[];
}

/**
 * Leaves each transcript in once, however many negotiations it ended up in: those of a policy that has settled are often alike to the
 * token. The loss is linear in weight · credit and in weight, so one sequence with the sum of the weights and the weighted mean of the
 * credits has the loss and the gradient of all that it stands for.
 */
export function distinctSequences(sequences: readonly TrainSequence[]): DistinctSequences {
  const groups = new Map<string, { index: number; members: TrainSequence[] }>();
  const masks = new Map<TrainSequence['masks'][number], number>();
  const of = sequences.map((sequence) => {
    const key = identity(sequence, masks);
    const group = groups.get(key) ?? { index: groups.size, members: [] };
    groups.set(key, group);
    group.members.push(sequence);
    return group.index;
  });
  return { sequences: [...groups.values()].map(({ members }) => together(members)), of };
}

/** Everything that the model sees or that is not linear in the loss. */
function identity(
  { tokens, positions, samplingLogProbs, masks }: TrainSequence,
  numbers: Map<TrainSequence['masks'][number], number>,
): string {
  const maskNumbers = masks.map((mask) => {
    const number = numbers.get(mask) ?? numbers.size;
    numbers.set(mask, number);
    return number;
  });
  const bytes = [tokens, positions, samplingLogProbs, Int32Array.from(maskNumbers)].map((array) =>
    Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('latin1'),
  );
  return [tokens.length, positions.length, ...bytes].join();
}

function together(members: readonly TrainSequence[]): TrainSequence {
  const first = members[0]!;
  if (members.length === 1) return first;
  const weights = first.weights.map((_, i) => members.reduce((sum, each) => sum + each.weights[i]!, 0));
  const credits = weights.map((total, i) =>
    total === 0 ? 0 : members.reduce((sum, each) => sum + each.weights[i]! * each.credits[i]!, 0) / total,
  );
  return { ...first, weights, credits };
}
