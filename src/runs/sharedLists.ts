import type { IterationLine, NegotiationSummaries } from '../protocol/runFiles';

/**
 * A line whose lists that equal those of the line before are those of the line before: who plays in which seed group is the same in
 * every iteration of most runs, and a long run has thousands.
 */
export function sharingLists(line: IterationLine, before: NegotiationSummaries | undefined): IterationLine {
  const { negotiations } = line;
  if (negotiations === undefined || before === undefined) return line;
  return {
    ...line,
    negotiations: {
      ...negotiations,
      group: shared(negotiations.group, before.group),
      player: [shared(negotiations.player[0], before.player[0]), shared(negotiations.player[1], before.player[1])],
      invalid: shared(negotiations.invalid, before.invalid),
    },
  };
}

function shared<T>(list: T[], before: T[]): T[] {
  return list.length === before.length && list.every((entry, index) => entry === before[index]) ? before : list;
}
