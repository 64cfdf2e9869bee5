import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BRANCH_PATHS, type Branch, type BranchLine, type BranchPoint, branchLine } from '../protocol/branches';
import { firstIssue, isMissing, messageOf, type Problem } from './problem';

/** What an index of branches says. */
export interface ReadIndex {
  /** Those that exist, in the order in which they were made. */
  readonly branches: readonly Branch[];
  /** The highest number that was ever given; 0 before there is one. */
  readonly highest: number;
  readonly problems: readonly Problem[];
}

const NONE: ReadIndex = { branches: [], highest: 0, problems: [] };

/** The branches of a run folder as its index names them, read again when the file differs. */
export class BranchIndex {
  #read: ReadIndex = NONE;
  #state = '';

  constructor(private readonly folder: string) {}

  /** In the order in which they were made. */
  get branches(): readonly Branch[] {
    return this.#read.branches;
  }

  get problems(): readonly Problem[] {
    return this.#read.problems;
  }

  /** A branch by its number. */
  get(branch: number): Branch | undefined {
    return this.#read.branches.find((each) => each.branch === branch);
  }

  /** Those of a negotiation, or of one of its turns. */
  of({ iteration, negotiation, turn }: Omit<BranchPoint, 'turn'> & Partial<BranchPoint>): Branch[] {
    return this.#read.branches.filter(
      (branch) => branch.iteration === iteration && branch.negotiation === negotiation && (turn === undefined || branch.turn === turn),
    );
  }

  /** Reads the index if it is another one than before; true if it was. */
  async refresh(): Promise<boolean> {
    const state = await stateOf(join(this.folder, BRANCH_PATHS.index));
    if (state === this.#state) return false;
    this.#read = await readBranchIndex(this.folder);
    this.#state = state;
    return true;
  }
}

/** Reads the index of a run folder's branches. Never throws: what is damaged is a problem, and the rest is there. */
export async function readBranchIndex(folder: string): Promise<ReadIndex> {
  let text: string;
  try {
    text = await readFile(join(folder, BRANCH_PATHS.index), 'utf8');
  } catch (error) {
    if (isMissing(error)) return NONE;
    return { ...NONE, problems: [{ file: BRANCH_PATHS.index, message: `${BRANCH_PATHS.index} cannot be read (${messageOf(error)})` }] };
  }
  const branches = new Map<number, Branch>();
  const problems: Problem[] = [];
  let highest = 0;
  // What follows the last line end was torn off while it was written: it was not kept.
  for (const [i, written] of text.split('\n').slice(0, -1).entries()) {
    if (written === '') continue;
    const line = parse(written);
    if (typeof line === 'string') {
      const message = `${BRANCH_PATHS.index}: line ${i + 1} is damaged (${line}); it is left out. Restore the file from a copy to see it`;
      problems.push({ file: BRANCH_PATHS.index, message });
    } else if (line.type === 'deleted') branches.delete(line.branch);
    else branches.set(line.branch, line);
    if (typeof line !== 'string') highest = Math.max(highest, line.branch);
  }
  return { branches: [...branches.values()], highest, problems };
}

function parse(text: string): BranchLine | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const parsed = branchLine.safeParse(json);
  return parsed.success ? parsed.data : firstIssue(parsed.error);
}

async function stateOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return `${size} ${mtimeMs} ${ino}`;
  } catch {
    return '';
  }
}
