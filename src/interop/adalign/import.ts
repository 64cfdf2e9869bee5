import type { CreditSettings } from '../../domain/advantage';
import type { GameId, RoundOutcome } from '../../domain/games/game';
import { type Pair, pair, type Seat } from '../../domain/seat';
import type { TurnRow } from '../../protocol/rollouts';
import type { NegotiationSummaries } from '../../protocol/runFiles';
import { type CreditCheck, checkCredits, type NegotiationCredits, recomputeCredits, seedGroups } from './credits';
import { gameOf, payoffsOf } from './game';
import { type LoadedIteration, type LoadedNegotiation, loadIteration } from './iteration';
import { playersOf } from './negotiation';
import { branchRows, negotiationRows, type RowSource } from './rows';
import { findIterations, fingerprint, type IterationFiles, type IterationFolder, listIteration, type Skipped } from './runFolder';

/** An iteration of AdAlignLLM's as if Parley had written it. */
export interface ImportedIteration {
  readonly seed: number | null;
  /** Counted from 1, as Parley's are: `iteration_000` is 1. */
  readonly iteration: number;
  /** `seed_0/iteration_000`. */
  readonly folder: string;
  /** Undefined when the notes in the files are of no game that Parley knows. */
  readonly game: GameId | undefined;
  /** Rows of a rollout file, by negotiation and turn. */
  readonly rows: readonly TurnRow[];
  /** Rounds as `domain/games` tells them, `[negotiation][round]`; what measures are computed from. */
  readonly outcomes: readonly (readonly RoundOutcome[])[];
  readonly summaries: NegotiationSummaries;
  /** Where each negotiation came from. */
  readonly sources: readonly { readonly file: string; readonly id: number; readonly crnId: number }[];
  readonly branches: readonly ImportedBranch[];
  readonly check: CreditCheck;
  readonly skipped: readonly Skipped[];
  /** Bytes of all files that were read. */
  readonly bytes: number;
}

/** A path that leaves a negotiation where one agent was made to act otherwise. */
export interface ImportedBranch {
  readonly negotiation: number;
  /** The agent that deviates. */
  readonly seat: Seat;
  /** Turns that it shares with the main path; a round that it ended otherwise has its outcome. */
  readonly shared: readonly TurnRow[];
  /** Turns of its own, from the deviation on; `turn` counts on from those it shares with the main path. */
  readonly rows: readonly TurnRow[];
}

/** How iterations are to be read. */
export interface ReadOptions {
  /** Of these seeds only. */
  readonly seed?: number;
  /** From this iteration on, counted from 1. */
  readonly from?: number;
  /** Texts of tokens, where a tokenizer is at hand. */
  readonly tokenTexts?: (ids: readonly number[]) => readonly string[];
  /** Goes on with iterations as they are written, until the signal aborts. */
  readonly follow?: {
    readonly signal: AbortSignal;
    /** How often the folder is looked at, milliseconds; 1000 unless set. */
    readonly every?: number;
    /** An iteration is taken for written when a later one was begun, or nothing in it changed for so long; 10 s unless set. */
    readonly quiet?: number;
  };
}

/**
 * The iterations of a run folder in order, each read when it is asked for. With `follow`, waits for more; an iteration whose
 * files change after it was given (token-wise logs come last) is given again.
 * @throws RangeError when the settings make no credits
 */
export async function* readIterations(dir: string, settings: CreditSettings, options: ReadOptions = {}): AsyncGenerator<ImportedIteration> {
  const given = new Map<string, string>();
  const { follow } = options;
  const stopped = (): boolean => follow?.signal.aborted === true;
  const settled = new Settling(follow?.quiet ?? 10_000);
  for (;;) {
    const { iterations } = await findIterations(dir);
    for (const folder of iterations) {
      if (stopped()) return;
      if (!isWanted(folder, options)) continue;
      const isLast = !iterations.some(({ seed, number }) => seed === folder.seed && number > folder.number);
      // Earlier ones were read after a later one had begun: they do not change any more.
      if (!isLast && given.get(folder.name) === FINAL) continue;
      const files = await listIteration(folder);
      const now = follow === undefined ? '' : `${await fingerprint(files)} ${[...files.logs.keys()].length}`;
      const known = given.get(folder.name);
      if (follow !== undefined && isLast && (now === known || !settled.has(folder.name, now))) continue;
      given.set(folder.name, isLast ? now : FINAL);
      if (files.rollouts.length > 0 && (known === undefined || known !== now)) {
        yield importIteration(folder, await loadIteration(files), settings, options);
      }
    }
    if (follow === undefined) return;
    await wait(follow.every ?? 1_000, follow.signal);
    if (stopped()) return;
  }
}

/**
 * One iteration, from the files that were listed.
 * @throws RangeError when the settings make no credits
 */
export async function readIteration(folder: IterationFolder, files: IterationFiles, settings: CreditSettings): Promise<ImportedIteration> {
  return importIteration(folder, await loadIteration(files), settings, {});
}

const FINAL = 'final';

/** Tells when something that is watched has stayed the same for long enough. */
class Settling {
  readonly #since = new Map<string, { state: string; time: number }>();

  constructor(private readonly quiet: number) {}

  has(name: string, state: string): boolean {
    const known = this.#since.get(name);
    if (known?.state === state) return Date.now() - known.time >= this.quiet;
    this.#since.set(name, { state, time: Date.now() });
    return this.quiet === 0;
  }
}

function isWanted({ seed, number }: IterationFolder, options: ReadOptions): boolean {
  return (options.seed === undefined || seed === options.seed) && number + 1 >= (options.from ?? 1);
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}

function importIteration(
  folder: IterationFolder,
  loaded: LoadedIteration,
  settings: CreditSettings,
  options: ReadOptions,
): ImportedIteration {
  const { negotiations } = loaded;
  const credits = recomputeCredits(negotiations, settings);
  const sources = rowSources(folder.number + 1, negotiations, credits, options);
  const built = sources.map(negotiationRows);
  const rows = built.flatMap((each) => each.rows);
  const outcomes = built.map((each) => each.outcomes);
  return {
    seed: folder.seed,
    iteration: folder.number + 1,
    folder: folder.name,
    game: sources[0]?.game,
    rows,
    outcomes,
    summaries: summarise(
      sources,
      outcomes,
      built.map((each) => each.rows),
    ),
    sources: negotiations.map(({ file, tree }) => ({ file, id: tree.id, crnId: tree.crnId })),
    branches: sources.flatMap((source) =>
      source.tree.branches.map((branch) => ({ negotiation: source.negotiation, seat: branch.seat, ...branchRows(source, branch) })),
    ),
    check: checkCredits(negotiations, credits),
    skipped: loaded.skipped,
    bytes: loaded.bytes,
  };
}

function rowSources(
  iteration: number,
  negotiations: readonly LoadedNegotiation[],
  credits: readonly NegotiationCredits[],
  { tokenTexts }: ReadOptions,
): RowSource[] {
  const groups = seedGroups(negotiations);
  const game = negotiations.flatMap(({ rounds }) => rounds.map(({ info }) => gameOf(info))).find((found) => found !== undefined);
  const agents = negotiations[0]?.tree.agents ?? ['', ''];
  const payoffs = payoffsOf(
    game === 'ipd' ? negotiations.flatMap(({ rounds, tree }) => (same(tree.agents, agents) ? rounds : [])) : [],
    agents,
  );
  const anyLogs = negotiations.some(({ logs }) => logs[0] !== null || logs[1] !== null);
  return negotiations.map(({ tree, rounds, turns, logs }, n) => {
    const players = playersOf(tree);
    return {
      iteration,
      negotiation: n,
      group: groups[n]!,
      game,
      payoffs,
      tree,
      rounds,
      turns,
      players,
      trained: pair((seat) => (anyLogs ? logs[seat] !== null : players[seat] === 'policy')),
      logs,
      credits: credits[n]!,
      tokenTexts,
    };
  });
}

function same(a: Pair<string>, b: Pair<string>): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function summarise(
  sources: readonly RowSource[],
  outcomes: readonly (readonly RoundOutcome[])[],
  rows: readonly (readonly TurnRow[])[],
): NegotiationSummaries {
  const each = (value: (n: number, seat: Seat) => number): [number[], number[]] => [
    sources.map((_, n) => value(n, 0)),
    sources.map((_, n) => value(n, 1)),
  ];
  const cooperation = each((n, seat) =>
    mean(outcomes[n]!.map(({ actions }) => (actions[seat].kind === 'choice' && actions[seat].choice === 'A' ? 1 : 0))),
  );
  return {
    group: sources.map(({ group }) => group),
    reward: each((n, seat) => mean(outcomes[n]!.map(({ rewards }) => rewards[seat]))),
    efficiency: outcomes.map((rounds) =>
      mean(rounds.map(({ rewards, bestJointReward }) => (bestJointReward === 0 ? 0 : (rewards[0] + rewards[1]) / bestJointReward))),
    ),
    player: [sources.map(({ players }) => players[0]), sources.map(({ players }) => players[1])],
    invalid: rows.map((turns) => turns.filter(({ valid }) => !valid).length),
    credit: each((n, seat) => meanOfTokens(rows[n]!, seat) ?? mean(sources[n]!.credits?.credits[seat] ?? [])),
    ...(sources[0]?.game === 'ipd' && { cooperation }),
  };
}

/** Mean credit of a seat's tokens; undefined where it has none. */
function meanOfTokens(rows: readonly TurnRow[], of: Seat): number | undefined {
  let sum = 0;
  let tokens = 0;
  for (const { seat, credit } of rows) {
    if (seat !== of) continue;
    for (let i = 0; i < credit.length; i++) sum += credit[i]!;
    tokens += credit.length;
  }
  return tokens === 0 ? undefined : sum / tokens;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
