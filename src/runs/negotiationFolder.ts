import type { GameId } from '../domain/games/game';
import type { IterationLine, JournalLine, LockFile, RunFile } from '../protocol/runFiles';
import type { Problem } from './problem';

/** The journal's last word on a finished run. */
export type FinishedLine = Extract<JournalLine, { type: 'finished' }>;

/** What a look at the folder found new. */
export interface FolderChange {
  /** Lowest iteration that was added or replaced; null if none was. */
  readonly from: number | null;
  /** Whether anything that a reader sees differs. */
  readonly changed: boolean;
}

/** Negotiations that were played and nothing was trained by: a matrix of match-ups, or one with a person. */
export interface Played {
  readonly kind: 'matchups' | 'play';
  readonly name: string;
  readonly game: GameId;
  readonly seed: number;
  /** ISO 8601. */
  readonly created: string;
  /** Who met whom, by what stands for the iteration: `seed · scripted:tit-for-tat`. */
  readonly pairs: ReadonlyMap<number, string>;
  /** Negotiations of each pair. */
  readonly negotiations: number;
}

/** A folder of negotiations, as far as it can be read: what is damaged or missing is a `Problem` with its remedy. */
export interface NegotiationFolder {
  readonly path: string;
  /** The folder's own name. */
  readonly baseName: string;
  /** run.json; null where it cannot be read, or nothing was trained. */
  readonly file: RunFile | null;
  /** Null for a run. */
  readonly played: Played | null;
  readonly finished: FinishedLine | null;
  /** Who trains here, as far as it was last looked at; null if nobody does. */
  readonly trainedBy: LockFile | 'starting' | null;
  /** Whether a lock is left of a trainer that is gone: it was cut off. */
  readonly abandoned: boolean;
  /** Iterations that are there, or pairs of players in their place, ascending. */
  readonly iterations: readonly IterationLine[];
  /** The last of them; −1 before there is one. */
  readonly last: number;
  /** Everything that could not be read; one line each. */
  readonly problems: readonly Problem[];
  iteration(number: number): IterationLine | undefined;
  /** Reads what was added since the last look; looks that overlap follow each other. */
  refresh(): Promise<FolderChange>;
  /** Reads run.json again, which somebody has just written; the next look tells of it. */
  rereadRunFile(): Promise<void>;
  /** Makes the next look ask for the trainer's process even if its heartbeat is fresh: it may just have died. */
  lookCloser(): void;
}
