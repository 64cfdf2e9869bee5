import type { Pair, Seat } from '../domain/seat';
import type { Branch } from '../protocol/branches';
import type { IterationLine } from '../protocol/runFiles';
import type { RunStatus } from '../protocol/webview';
import type { Preview } from './preview';
import type { Problem } from './problem';

/** What the tree shows of a run. */
export interface TreeRun {
  readonly id: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Dim words after the name: `aa · iteration 12 of 200`. */
  readonly detail: string;
  /** Iterations that there will be; decides whether they are shown in ranges. */
  readonly planned: number;
  /** Who met whom, by what stands for the iteration, where nothing was trained. */
  readonly pairs?: ReadonlyMap<number, string>;
  /** Committed iterations that have rollouts, ascending. */
  readonly iterations: readonly IterationLine[];
  readonly problems: readonly Problem[];
  /** The iteration under way, if a trainer of this window tells of it. */
  readonly preview: Preview | null;
  /** Branches of its negotiations. */
  readonly branches?: readonly Branch[];
  /** Whether its turns can be forked at. */
  readonly forkable?: boolean;
}

/** What stands at the tree's root. */
export type TreeEntry = TreeRun | TreeSet;

/** What the tree shows of a run set. */
export interface TreeSet {
  readonly id: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Dim words after the name, how many are finished: `3/10 runs`. */
  readonly detail: string;
  /** Its runs by algorithm. */
  readonly arms: readonly TreeArm[];
}

/** A set's runs by one algorithm, which differ in their seed. */
export interface TreeArm {
  readonly algorithm: string;
  readonly members: readonly (TreeRun | TreeWaiting)[];
}

/** A run of a set that has not begun, or was closed. */
export interface TreeWaiting {
  readonly id: string;
  readonly name: string;
  readonly detail: string;
  /** It was finished when it was closed. */
  readonly finished: boolean;
}

/** Rounds and turns of one negotiation, as rows show them. */
export interface Outline {
  readonly rounds: readonly OutlineRound[];
}

/** One round of an outline; null where it is not finished or not known. */
export interface OutlineRound {
  /** 0-based. */
  readonly round: number;
  readonly actions: Pair<string> | null;
  readonly rewards: Pair<number> | null;
  readonly turns: readonly OutlineTurn[];
}

/** One turn of an outline. */
export interface OutlineTurn {
  readonly turn: number;
  readonly seat: Seat;
  readonly text: string;
  readonly valid: boolean;
  readonly credit: number | null;
}

/** Rounds and turns that have been read; `loading` while they are, a string where they cannot be. */
export type OutlineState = Outline | 'loading' | { readonly problem: string };

/** A row of the flattened tree before it is put into words: what it stands for, and where. */
export interface TreeNode {
  readonly id: string;
  /** Row index of the parent; −1 for a run. */
  readonly parent: number;
  readonly depth: number;
  /** 1-based among `siblings`. */
  readonly position: number;
  readonly siblings: number;
  readonly expandable: boolean;
  readonly expanded: boolean;
  readonly run: TreeRun;
  readonly what: NodeContent;
}

/** What a row stands for. */
export type NodeContent =
  | { readonly kind: 'run' }
  /** `run` of such a node stands in for the set: it has no iterations, and its id is that of the first run that has begun. */
  | { readonly kind: 'set'; readonly set: TreeSet }
  | { readonly kind: 'arm'; readonly set: TreeSet; readonly arm: TreeArm }
  | { readonly kind: 'waiting'; readonly set: TreeSet; readonly member: TreeWaiting }
  | { readonly kind: 'range'; readonly first: number; readonly last: number; readonly lines: readonly IterationLine[] }
  | { readonly kind: 'iteration'; readonly line: IterationLine }
  | { readonly kind: 'underway'; readonly preview: Preview }
  | { readonly kind: 'group'; readonly iteration: number; readonly group: number; readonly line: IterationLine | null }
  | {
      readonly kind: 'negotiation';
      readonly iteration: number;
      readonly group: number;
      readonly negotiation: number;
      readonly line: IterationLine | null;
      readonly outline: OutlineState | undefined;
    }
  | { readonly kind: 'round'; readonly of: NegotiationKey; readonly round: OutlineRound }
  | {
      readonly kind: 'turn';
      readonly of: NegotiationKey;
      readonly round: number;
      readonly turn: OutlineTurn;
      readonly branches: readonly Branch[];
    }
  | { readonly kind: 'branch'; readonly of: NegotiationKey; readonly branch: Branch }
  | { readonly kind: 'notice'; readonly label: string; readonly detail: string };

/** A negotiation within a run. */
export interface NegotiationKey {
  readonly iteration: number;
  readonly group: number;
  readonly negotiation: number;
}
