import type { Action, RoundDeal } from '../domain/games/game';
import type { Pair, Seat } from '../domain/seat';
import type { TokenColumns } from '../domain/tokens/columns';
import type { Distributions } from './branches';
import type { MatchupsFile } from './matchups';
import type { Place, PolicyRef } from './place';
import type { Algorithm } from './runConfig';
import type { MeasuresFile, RunSet, TrainingFile } from './runFiles';
import type { SentPrompt } from './sentPrompts';

export type { TokenColumns };

/** Whether a run moves, and why not. */
export type RunStatus = 'live' | 'stopped' | 'finished' | 'broken';

/** What a tree row stands for; a range stands for a hundred iterations of a long run, an arm for a run set's runs by one algorithm. */
export type TreeNodeKind =
  | 'set'
  | 'arm'
  | 'waiting'
  | 'run'
  | 'range'
  | 'iteration'
  | 'group'
  | 'negotiation'
  | 'round'
  | 'turn'
  | 'branch'
  | 'notice';

/** One visible row of the flattened tree. */
export interface TreeRow {
  /** Stable: `set:ID`, `set:ID/aa`, `run`, `run/1-100`, `run/12`, `run/12/g3`, `run/12/g3/n27`, `…/r4`, `…/r4/t9`, `…/r4/t9/b2`. */
  readonly id: string;
  readonly kind: TreeNodeKind;
  /** 0 for runs; aria-level minus one. */
  readonly depth: number;
  readonly label: string;
  /** Dim text after the label (a turn's words, a problem and its remedy). */
  readonly detail?: string;
  /** Right-aligned number, as it is to be read. */
  readonly badge?: string;
  /** What the badge means, for tooltips and screen readers. */
  readonly badgeMeaning?: string;
  /** Sparkline values, oldest first. */
  readonly spark?: readonly number[];
  readonly expandable: boolean;
  readonly expanded: boolean;
  readonly status?: RunStatus;
  /** The run set that the row is of: sets, their algorithms, and runs that have not begun. Its `place.run` is empty while none has. */
  readonly set?: string;
  /** Whether the run, or the iteration, has a checkpoint. */
  readonly checkpoint?: boolean;
  readonly seat?: Seat;
  /** A turn that can be forked at. */
  readonly forkable?: true;
  /** The run's algorithm, where rows of several runs stand among each other. */
  readonly algorithm?: Algorithm;
  readonly place: Place;
  /** Row index of the parent; −1 for a run. */
  readonly parent: number;
  /** Place among its siblings and their number, 1-based, for aria-posinset / aria-setsize. */
  readonly position: number;
  readonly siblings: number;
}

/** A window of the flattened tree. */
export interface TreeWindow {
  /** Grows with every change; a window of an older version is asked for again. */
  readonly version: number;
  readonly total: number;
  readonly start: number;
  readonly rows: readonly TreeRow[];
  /** Where the row asked for as `anchor` is now; −1 if it is gone. */
  readonly anchor?: number;
}

/** One turn as the inspector draws it. */
export interface TurnView {
  readonly turn: number;
  readonly round: number;
  readonly seat: Seat;
  readonly kind: 'message' | 'action';
  readonly prompt: string;
  readonly text: string;
  readonly valid: boolean;
  readonly trained: boolean;
  readonly tokens: TokenColumns;
  /** The credit of this seat in this round; null in a preview, and where nothing was trained. */
  readonly credit: CreditView | null;
  /** How many annotations the turn has; left out where it has none. */
  readonly annotations?: number;
}

/** One seat's credit in one round: credit = own + alignment, alignment = β · weight · opponent. */
export interface CreditView {
  readonly return: number;
  readonly baseline: number;
  readonly own: number;
  readonly opponent: number;
  readonly weight: number;
  readonly alignment: number;
  readonly credit: number;
}

/** One finished round. */
export interface RoundView {
  readonly round: number;
  readonly deal: RoundDeal;
  readonly actions: Pair<Action>;
  readonly rewards: Pair<number>;
  readonly shares: Pair<readonly number[]>;
  readonly bestJointReward: number;
}

/** A branch of a negotiation: from one turn on, somebody went on otherwise. */
export interface BranchView {
  readonly branch: number;
  /** The first turn that is its own, and that turn's round. */
  readonly round: number;
  readonly turn: number;
  /** Where it leaves another branch: those whose words it keeps before its own, the outermost first. */
  readonly after?: readonly Pick<BranchView, 'branch' | 'turn' | 'players'>[];
  readonly seed: number;
  /** 0-based. */
  readonly sample: number;
  /** Who went on, `[seat]`, and whether as before. */
  readonly players: Pair<{ readonly name: string; readonly asBefore: boolean }>;
  /** Mean points a round. */
  readonly reward: Pair<number>;
}

/** Another negotiation of the seed group, per round and seat. */
export interface GroupMember {
  readonly negotiation: number;
  readonly players: Pair<string>;
  /** `[seat][round]` */
  readonly rewards: Pair<readonly number[]>;
  readonly returns: Pair<readonly number[]>;
  readonly own: Pair<readonly number[]>;
  readonly credits: Pair<readonly number[]>;
  readonly actions: Pair<readonly string[]>;
}

/** A negotiation, whole. */
export interface NegotiationView {
  readonly place: Place;
  readonly game: string;
  /** Null where nothing was trained: match-ups, and play with a person. */
  readonly algorithm: Algorithm | null;
  readonly gamma: number;
  readonly beta: number;
  /** `aa-jit` with the extra γ of `aa`. */
  readonly matchedGamma: boolean;
  readonly rewardScale: number;
  readonly group: number;
  readonly players: Pair<string>;
  readonly rounds: readonly RoundView[];
  readonly turns: readonly TurnView[];
  readonly members: readonly GroupMember[];
  /** False for a preview of a negotiation that is not committed. */
  readonly committed: boolean;
  /** What is shown is this branch of it. */
  readonly branch?: BranchView;
  /** All branches of the negotiation, where there are any. */
  readonly branches?: readonly BranchView[];
}

/** A run in the inspector's header and charts. */
export interface RunView {
  readonly run: string;
  readonly name: string;
  readonly game: string;
  /** Null where nothing was trained: match-ups, and play with a person. */
  readonly algorithm: Algorithm | null;
  readonly seed: number;
  readonly status: RunStatus;
  /** Committed iterations, and how many there will be. */
  readonly iteration: number;
  readonly iterations: number;
  readonly device: string;
  readonly tokensPerSecond: number | null;
  readonly secondsPerIteration: number | null;
  readonly pairedWith?: string;
  /** Who has the other seat, where that is a fixed player; rewards in measures are `[learner's, opponent's]` then. */
  readonly opponent?: string;
  /** Its negotiations can be forked, and its policies asked what they would say. */
  readonly forkable?: true;
  /** The run set it belongs to; bands are over the seeds of a set's runs of one algorithm. */
  readonly set?: RunSet;
  /** Measures of the final policy, from fresh negotiations with itself; a finished run has them. */
  readonly final?: MeasuresFile;
  /** All settings but the seed, and the base model, as a short text: runs of one recipe differ in their seed alone. */
  readonly recipe?: string;
  /** What was played, where nothing was trained; who met whom, by what stands for the iteration. */
  readonly played?: { readonly kind: 'matchups' | 'play'; readonly pairs: Readonly<Record<number, string>> };
  /** One clear line when something in the folder could not be read. */
  readonly problem?: string;
}

/** One iteration of a training curve. */
export interface CurvePoint {
  readonly iteration: number;
  readonly measures: MeasuresFile;
  /** What the optimizer step reported; absent where nothing was trained. */
  readonly training?: TrainingFile;
  readonly seconds: number;
  /** Of the negotiations' mean credits, of both seats: the 5 %, 25 %, 50 %, 75 % and 95 % quantiles. */
  readonly credits?: CreditQuantiles;
}

/** See `CurvePoint`. */
export type CreditQuantiles = readonly [q05: number, q25: number, q50: number, q75: number, q95: number];

/** One committed iteration as a whole. */
export interface IterationView {
  readonly run: string;
  readonly iteration: number;
  /** ISO 8601. */
  readonly time: string;
  readonly checkpoint: boolean;
  readonly negotiations: number;
  readonly groups: number;
  /** Turns that did not parse. */
  readonly invalid: number;
  /** Who sat across from the live policy, and in how many negotiations; empty in pure self-play. */
  readonly opponents: readonly { readonly name: string; readonly negotiations: number }[];
  readonly advantages: Advantages;
}

/** The credits of every trained seat and round of an iteration, column by column: credit = own + alignment. */
export interface Advantages {
  readonly negotiation: readonly number[];
  /** 0-based. */
  readonly round: readonly number[];
  readonly seat: readonly Seat[];
  readonly own: readonly number[];
  readonly alignment: readonly number[];
}

/** Curves of some runs from an iteration on; the webview appends. */
export interface Curves {
  readonly run: string;
  readonly from: number;
  readonly points: readonly CurvePoint[];
}

/** How far the filter of the tree has come. */
export interface FilterView {
  readonly expression: string;
  /** Why it cannot be read, and where; the tree shows everything then. */
  readonly problem: { readonly message: string; readonly at: number } | null;
  /** Negotiations that pass, and those looked at so far. */
  readonly matches: number;
  readonly looked: number;
  readonly total: number;
}

/** A matrix of match-ups as the inspector shows it; the id is its folder's, under `.parley/matchups/`. */
export interface MatchupsView {
  readonly id: string;
  readonly file: MatchupsFile;
}

/** The prompt that was really sent for a turn, or why it cannot be written out, in one line with the remedy. */
export interface SentPromptView {
  readonly sent: SentPrompt | null;
  readonly problem: string | null;
}

/** What policies would say at a token, or why that is not known. */
export interface DistributionsView {
  readonly place: Place;
  /** Runs on the same base model, and their checkpoints, ascending. */
  readonly choices: readonly {
    readonly run: string;
    readonly name: string;
    readonly algorithm: Algorithm;
    readonly checkpoints: readonly number[];
  }[];
  /** Who is asked: as chosen, else whoever had the seat and the paired run's policy of that time. */
  readonly policies: readonly PolicyRef[];
  /** The first one asked is the very policy that said it. */
  readonly isExact: boolean;
  /** In the order of `policies`; null where there is a problem. */
  readonly said: Distributions | null;
  /** One line with the remedy. */
  readonly problem: string | null;
}
