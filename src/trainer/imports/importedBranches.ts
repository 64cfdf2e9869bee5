import { pair } from '../../domain/seat';
import type { ImportedBranch, ImportedIteration } from '../../interop/adalign';
import type { Branch } from '../../protocol/branches';
import type { TurnRow } from '../../protocol/rollouts';
import { readBranchIndex } from '../../runs/branchIndex';
import { type BranchDraft, deleteBranch, keepBranches } from '../../runs/keepBranches';
import { encodeRollouts } from '../rolloutFile';

/** Nothing was trained on a branch, so no token of it has a credit. */
const UNTRAINED = { trained: false, ...{ return: 0, baseline: 0, opponent_advantage: 0, weight: 0 } };
const NO_CREDITS = { train_log_probs: [], ratios: [], own_advantage: [], alignment_term: [], credit: [] };

/** Keeps an iteration's branches beside its negotiations, in place of those of an earlier import. @throws WriteError */
export async function keepImportedBranches(
  folder: string,
  iteration: ImportedIteration,
  made: Pick<Branch, 'time' | 'parley'>,
): Promise<void> {
  const before = (await readBranchIndex(folder)).branches.filter((branch) => branch.iteration === iteration.iteration);
  for (const { branch } of before) await deleteBranch(folder, branch);
  const samples = new Map<string, number>();
  const drafts = iteration.branches.flatMap((branch) => {
    const rows = wholeRows(iteration.rows, branch);
    const [first] = branch.rows;
    if (first === undefined) return [];
    const key = `${branch.negotiation}-${first.turn}`;
    const sample = samples.get(key) ?? 0;
    samples.set(key, sample + 1);
    return [draftOf(branch, first, rows, sample, made)];
  });
  await keepBranches(folder, drafts);
}

function draftOf(
  { seat: deviating }: ImportedBranch,
  first: TurnRow,
  rows: readonly TurnRow[],
  sample: number,
  { time, parley }: Pick<Branch, 'time' | 'parley'>,
): BranchDraft {
  const player = (seat: 0 | 1): Branch['players'][0] => {
    const name = rows.find((row) => row.seat === seat)?.player ?? 'scripted';
    return { name, player: name, asBefore: seat !== deviating };
  };
  return {
    ...{ time, parley, iteration: first.iteration, group: first.seed_group, negotiation: first.negotiation },
    ...{ round: first.round, turn: first.turn, seed: 0, sample },
    players: [player(0), player(1)],
    reward: [...pair((seat) => meanReward(rows.filter((row) => row.seat === seat)))],
    rows: rows.length,
    bytes: encodeRollouts(rows),
  };
}

/** A branch from the first turn on. Turns before it have the token texts of the main path, which knows them from its logs. */
function wholeRows(main: readonly TurnRow[], { negotiation, shared, rows }: ImportedBranch): TurnRow[] {
  const before = shared.map((row) => {
    const same = main.find((each) => each.negotiation === negotiation && each.turn === row.turn);
    return same?.seat === row.seat && same.text === row.text ? { ...row, token_texts: same.token_texts } : row;
  });
  return [...before, ...rows].map((row) => ({ ...row, ...UNTRAINED, ...NO_CREDITS }));
}

/** Mean points a round of one seat. */
function meanReward(rows: readonly TurnRow[]): number {
  const rounds = new Map(rows.map(({ round, reward }) => [round, reward]));
  return [...rounds.values()].reduce((sum, reward) => sum + reward, 0) / Math.max(1, rounds.size);
}
