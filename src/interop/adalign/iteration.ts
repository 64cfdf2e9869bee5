import type { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { type Pair, SEATS } from '../../domain/seat';
import { type ProducedTurn, producedTurns, type Round, roundsOf } from './negotiation';
import { PickleError } from './pickleData';
import { readWhole } from './readWhole';
import { MAX_FILE, readRolloutPickle } from './rolloutPickle';
import { type RolloutTree, RolloutTreeError, rolloutTree } from './rolloutTree';
import type { IterationFiles, Skipped } from './runFolder';
import { MAX_LOG, readTokenwise, TokenwiseError, type TokenwiseLog, tokenwiseName } from './tokenwise';

/** A negotiation as it was read. */
export interface LoadedNegotiation {
  /** Relative to the run folder, with slashes. */
  readonly file: string;
  readonly tree: RolloutTree;
  readonly rounds: readonly Round[];
  readonly turns: readonly ProducedTurn[];
  /** Token-wise logs, where there are any and they fit. */
  readonly logs: Pair<TokenwiseLog | null>;
}

/** An iteration as it was read. */
export interface LoadedIteration {
  readonly negotiations: readonly LoadedNegotiation[];
  readonly skipped: readonly Skipped[];
  /** Bytes of all files that were read. */
  readonly bytes: number;
}

/** Longest time that reading keeps the event loop from others, milliseconds, but for a single file that takes longer. */
const SLICE = 10;

/** Reads all that an iteration holds. A file that cannot be read is skipped and named; nothing else stops the rest. */
export async function loadIteration({ rollouts, logs, skipped: unknown }: IterationFiles): Promise<LoadedIteration> {
  const negotiations: LoadedNegotiation[] = [];
  const skipped: Skipped[] = [...unknown];
  const unused = new Map(logs);
  let bytes = 0;

  const read = (file: { name: string; path: string }, limit: number): Buffer | null => {
    try {
      const content = readWhole(file.path, limit);
      bytes += content.length;
      return content;
    } catch (error) {
      skipped.push({ file: file.name, reason: error instanceof Error ? error.message : String(error) });
      return null;
    }
  };

  const load = (file: IterationFiles['rollouts'][number]): LoadedNegotiation | null => {
    const content = read(file, MAX_FILE);
    if (content === null) return null;
    const negotiation = attempt(file.name, skipped, () => {
      const tree = rolloutTree(readRolloutPickle(content));
      const rounds = roundsOf(tree.steps);
      return { tree, rounds, turns: producedTurns(rounds) };
    });
    if (negotiation === null) return null;
    const found: [TokenwiseLog | null, TokenwiseLog | null] = [null, null];
    for (const seat of SEATS) {
      const name = tokenwiseName(negotiation.tree.id, negotiation.tree.agents[seat]);
      const log = unused.get(name);
      if (log === undefined) continue;
      unused.delete(name);
      const csv = read(log, MAX_LOG);
      if (csv === null) continue;
      found[seat] = attempt(log.name, skipped, () => {
        const columns = readTokenwise(csv);
        checkFit(
          columns,
          negotiation.turns.filter((turn) => turn.seat === seat),
        );
        return columns;
      });
    }
    return { file: file.name, ...negotiation, logs: found };
  };

  let since = performance.now();
  for (const file of rollouts) {
    const negotiation = load(file);
    if (negotiation !== null) negotiations.push(negotiation);
    if (performance.now() - since < SLICE) continue;
    await setImmediate();
    since = performance.now();
  }
  for (const { name } of unused.values()) skipped.push({ file: name, reason: 'belongs to no negotiation that was read' });
  return { negotiations, skipped: skipped.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0)), bytes };
}

function attempt<T>(file: string, skipped: Skipped[], read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PickleError || error instanceof RolloutTreeError || error instanceof TokenwiseError)) throw error;
    skipped.push({ file, reason: error.message });
    return null;
  }
}

/** Sampling log-probabilities are logged as they are: beyond float32's last digits a log is of other tokens. */
const SAME_LOG_PROB = 1e-4;

/** Each line has to be of a produced token, and to give the log-probability that the rollout has. @throws TokenwiseError */
function checkFit(log: TokenwiseLog, turns: readonly ProducedTurn[]): void {
  let line = 0;
  for (const { position, tokens, logProbs } of turns) {
    for (let i = 0; i < tokens.length; i++) {
      if (log.timesteps[line] !== position + i - 1) continue;
      const logged = log.engineLogProbs[line]!;
      const known = logProbs[i];
      if (known !== undefined && Math.abs(logged - known) > SAME_LOG_PROB * Math.max(1, Math.abs(known))) {
        throw new TokenwiseError(
          `is of other tokens than its negotiation: timestep ${log.timesteps[line]} has log-probability ${logged}, not ${known}`,
        );
      }
      line += 1;
    }
  }
  if (line < log.timesteps.length) {
    throw new TokenwiseError(`is of other tokens than its negotiation: nothing was produced at timestep ${log.timesteps[line]}`);
  }
}
