import type { Interval } from '../domain/metrics';
import type { CurvePoint, NegotiationView, RunView } from '../protocol/webview';

/** What a report shows: runs against each other, and negotiations of theirs. */
export interface Report {
  /** ISO 8601. */
  readonly created: string;
  /** Version of Parley. */
  readonly parley: string;
  readonly runs: readonly ReportRun[];
  readonly negotiations: readonly ReportNegotiation[];
}

/** A run of a report. */
export interface ReportRun {
  readonly view: RunView;
  readonly curve: readonly CurvePoint[];
  /** Its settings, as label and value. */
  readonly settings: readonly (readonly [label: string, value: string])[];
  /** Means of its last iterations' negotiations, with 95 % bootstrap intervals over their seed groups. */
  readonly late: ReportIntervals | null;
}

/** Measures of the negotiations of some last iterations. */
export interface ReportIntervals {
  /** First and last of them. */
  readonly iterations: readonly [from: number, to: number];
  readonly seedGroups: number;
  readonly measures: readonly { readonly label: string; readonly interval: Interval }[];
}

/** A negotiation that the report shows whole. */
export interface ReportNegotiation {
  /** Of its run. */
  readonly name: string;
  /** `iteration 100`, or who met whom. */
  readonly where: string;
  readonly view: NegotiationView;
  readonly notes: readonly ReportNote[];
}

/** An annotation at a turn of the negotiation. */
export interface ReportNote {
  readonly turn: number;
  /** Tokens that it is about, `[start, end)`. */
  readonly tokens: { readonly start: number; readonly end: number };
  /** What they said when it was written. */
  readonly quote: string;
  readonly body: string;
  readonly author: string;
  readonly tags: readonly string[];
  readonly resolved: boolean;
  readonly replies: readonly { readonly author: string; readonly body: string }[];
}
