import * as z from 'zod';
import { type Place, type PolicyRef, place, policyRef } from './place';
import type {
  Curves,
  DistributionsView,
  FilterView,
  IterationView,
  MatchupsView,
  NegotiationView,
  RunView,
  SentPromptView,
  TreeWindow,
} from './views';

// Both ends of the boundary say what it carries by this one name.
export * from './place';
export { WEBVIEW_PROTOCOL } from './versions';
export type * from './views';

/**
 * Which view a webview is; the page says it in `<body data-view>`. It loads dist/webview.js and dist/webview.css, and a
 * `<meta property="csp-nonce" content="…">` names a nonce of style-src (the toolkit's controls look for it).
 */
export type ViewKind = 'tree' | 'inspector';

/** What the inspector shows below or beside a negotiation. */
export type InspectorDetail = 'credit' | 'charts' | 'says';

/** A cell of a matrix that is shown: the negotiations of the row's player against the column's. */
export const matchupCell = z.strictObject({ id: z.string(), row: z.int().nonnegative(), col: z.int().nonnegative() });

/** See `matchupCell`. */
export type MatchupCell = z.infer<typeof matchupCell>;

/** How the negotiations of all runs are sorted; by nothing, they stand as they were played, under their runs. */
export const treeSort = z.strictObject({
  /** A number that filters know (`domain/filter`, SORT_FIELDS). */
  by: z.string().max(100).nullable(),
  descending: z.boolean(),
});

/** See `treeSort`. */
export type TreeSort = z.infer<typeof treeSort>;

/** What the host answers and announces to a webview. */
export type WebviewHostSide = {
  requests: {
    /** `anchor` is the id of a row that must not move on the screen: the answer says where it is now. */
    rows: [params: { readonly start: number; readonly end: number; readonly anchor?: string | undefined }, result: TreeWindow];
    /** Opens or closes a row. */
    toggle: [params: { readonly id: string; readonly expanded: boolean }, result: null];
    /** Chooses a place; `open` also brings the inspector up. */
    select: [params: { readonly place: Place; readonly open: boolean }, result: null];
    negotiation: [params: Place, result: NegotiationView | null];
    /** One committed iteration as a whole; null where there is none, or nothing was trained. */
    iteration: [params: { readonly run: string; readonly iteration: number }, result: IterationView | null];
    curves: [params: { readonly run: string; readonly from: number }, result: Curves];
    /** What policies would say at a token; null asks whoever is the obvious choice. Takes the place of the question before. */
    distributions: [params: { readonly place: Place; readonly policies: readonly PolicyRef[] | null }, result: DistributionsView];
    /** The prompt that was really sent for the place's turn, chat template included. */
    sentPrompt: [params: Place, result: SentPromptView];
    /** The next or previous negotiation (of those that the tree shows, in its order) or iteration; null at the end. */
    step: [params: { readonly place: Place; readonly by: 'negotiation' | 'iteration'; readonly delta: 1 | -1 }, result: Place | null];
    /** Follow the newest committed iteration until the reader chooses something. */
    follow: [params: { readonly on: boolean }, result: null];
    /** Shows only negotiations that pass (`domain/filter`); an empty text shows all. Replaces the filter under way. */
    filter: [params: { readonly expression: string }, result: FilterView];
    /** Shows the negotiations that pass as one list, sorted; or the tree again. Refuses a number that there is not. */
    sort: [params: TreeSort, result: null];
    /** Runs a Parley command by its short name (`startAaRun`), where the view offers a button for it. */
    command: [params: { readonly name: string; readonly place?: Place }, result: null];
  };
  events: {
    /** The tree changed: ask for the visible window again. `selected` is a row index or −1. */
    tree: { readonly version: number; readonly total: number; readonly selected: number; readonly reveal: boolean };
    runs: { readonly runs: readonly RunView[] };
    /** The filter came further. */
    filter: FilterView;
    selection: { readonly place: Place | null; readonly following: boolean };
    /** The negotiation in view changed on disk or in preview: ask again. */
    negotiationChanged: Place;
    /** The reader asked for one of the details. */
    detail: { readonly detail: InspectorDetail };
    /** This place is to stand beside what is shown; what it leaves out is as in the first column. */
    addColumn: Place;
    /** New points are there from this iteration on. */
    curvesChanged: { readonly run: string; readonly from: number };
    /** A matrix takes the inspector's place, or gives it back. Sent again when cells were added. */
    matchups: { readonly shown: MatchupsView | null };
  };
};

/** What a webview announces. */
export type WebviewSide = {
  requests: Record<never, never>;
  events: {
    /** Sent once the page listens; the host answers with the full state of what is visible. */
    ready: { readonly view: ViewKind };
    /** The reader wants to read the negotiations behind a cell. */
    openMatchup: MatchupCell;
    /** The reader went back from the matrix to the negotiation. */
    closeMatchups: { readonly id: string };
    /** Another negotiation stands beside the first: the reader compares. Sent once a page. */
    compared: Record<never, never>;
  };
};

/** Validators of what a webview asks; the host trusts none of it. */
export const webviewRequests = {
  rows: z.strictObject({ start: z.int().nonnegative(), end: z.int().nonnegative(), anchor: z.string().optional() }),
  toggle: z.strictObject({ id: z.string(), expanded: z.boolean() }),
  select: z.strictObject({ place, open: z.boolean() }),
  negotiation: place,
  iteration: z.strictObject({ run: z.string(), iteration: z.int().nonnegative() }),
  curves: z.strictObject({ run: z.string(), from: z.int().nonnegative() }),
  step: z.strictObject({ place, by: z.enum(['negotiation', 'iteration']), delta: z.union([z.literal(1), z.literal(-1)]) }),
  follow: z.strictObject({ on: z.boolean() }),
  filter: z.strictObject({ expression: z.string().max(10_000) }),
  sort: treeSort,
  distributions: z.strictObject({ place, policies: z.array(policyRef).min(1).max(4).nullable() }),
  sentPrompt: place,
  command: z.strictObject({ name: z.string(), place: place.optional() }),
} as const;

/** Validators of what a webview announces. */
export const webviewEvents = {
  ready: z.strictObject({ view: z.enum(['tree', 'inspector']) }),
  openMatchup: matchupCell,
  closeMatchups: z.strictObject({ id: z.string() }),
  compared: z.strictObject({}),
} as const;
