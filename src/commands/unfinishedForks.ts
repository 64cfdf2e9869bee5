import type * as vscode from 'vscode';
import * as z from 'zod';

/** A branch that a person began and left before its end; nothing of it is in the run folder. */
const unfinished = z.object({
  folder: z.string(),
  iteration: z.int(),
  negotiation: z.int(),
  /** The branch that it leaves, where it does not leave the negotiation itself. */
  branch: z.int().optional(),
  turn: z.int(),
  /** `[seat]`, as `fork` takes them. */
  players: z.tuple([z.string().nullable(), z.string().nullable()]),
  seed: z.int(),
  /** What it said, turn by turn. */
  answers: z.array(z.string()).min(1),
});

/** See `unfinished`. */
export type UnfinishedFork = z.infer<typeof unfinished>;

/** The turn that a branch leaves at, of the run in a folder. */
type Point = Pick<UnfinishedFork, 'folder' | 'iteration' | 'negotiation' | 'branch' | 'turn'>;

const KEY = 'parley.unfinishedForks';

/** Branches kept; the oldest give way. */
const KEPT = 50;

/** Branches that a person left, kept with the workspace: the rest is drawn by seed, so that its words alone bring a branch back. */
export class UnfinishedForks {
  constructor(private readonly state: vscode.Memento) {}

  /** The one at a turn; undefined where nobody left. */
  at(point: Point): UnfinishedFork | undefined {
    return this.#all().find((each) => isAt(each, point));
  }

  /** Keeps one, in place of the one before at its turn. */
  async keep(fork: UnfinishedFork): Promise<void> {
    await this.state.update(KEY, [fork, ...this.#all().filter((each) => !isAt(each, fork))].slice(0, KEPT));
  }

  /** Forgets the one at a turn. */
  async drop(point: Point): Promise<void> {
    const all = this.#all();
    const rest = all.filter((each) => !isAt(each, point));
    if (rest.length < all.length) await this.state.update(KEY, rest);
  }

  #all(): UnfinishedFork[] {
    const kept = this.state.get<unknown>(KEY);
    return (Array.isArray(kept) ? kept : []).flatMap((each) => unfinished.safeParse(each).data ?? []);
  }
}

function isAt(fork: UnfinishedFork, point: Point): boolean {
  return (['folder', 'iteration', 'negotiation', 'branch', 'turn'] as const).every((key) => fork[key] === point[key]);
}
