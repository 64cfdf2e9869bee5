import { join } from 'node:path';
import { games } from '../../domain/games';
import type { Negotiation, TurnRequest } from '../../domain/games/game';
import { random } from '../../domain/random';
import type { Branch, BranchPoint } from '../../protocol/branches';
import type { TurnRow } from '../../protocol/rollouts';
import type { RunConfig } from '../../protocol/runConfig';
import type { IterationLine, RunFile } from '../../protocol/runFiles';
import { readBranchIndex } from '../../runs/branchIndex';
import { readJournal } from '../../runs/journal';
import { RolloutReader } from '../../runs/rolloutReader';
import { readRunFile } from '../resume';

/** A committed negotiation, with what its run says of it. */
export interface History {
  readonly folder: string;
  readonly run: RunFile;
  /** Committed iterations, ascending. */
  readonly iterations: readonly IterationLine[];
  readonly iteration: number;
  readonly negotiation: number;
  /** Its turns, or a branch's, in order. */
  readonly rows: readonly TurnRow[];
  /** The branch that was read, if one was. */
  readonly branch: Branch | undefined;
}

/** Reads a committed negotiation, or one of its branches. @throws Error naming what is not there, or the file that cannot be read */
export async function readHistory(
  folder: string,
  { iteration, negotiation }: Omit<BranchPoint, 'turn'>,
  branch?: number,
): Promise<History> {
  const run = await readRunFile(folder);
  const iterations = (await readJournal(folder)).lines.filter((line) => line.type === 'iteration');
  const committed = iterations.find((line) => line.iteration === iteration)?.rollouts;
  if (committed === undefined) throw new Error(`${run.name} has no committed iteration ${iteration}`);
  const kept = branch === undefined ? undefined : (await readBranchIndex(folder)).branches.find((each) => each.branch === branch);
  if (branch !== undefined && kept === undefined) throw new Error(`${run.name} has no branch ${branch}`);
  const rows = await new RolloutReader(0).negotiation(folder, kept?.rollouts ?? committed, negotiation);
  if (rows.length === 0) throw new Error(`${run.name} has no negotiation ${negotiation} in iteration ${iteration}`);
  return { folder, run, iterations, iteration, negotiation, rows, branch: kept };
}

/** The game as it was dealt to a negotiation's seed group, from the start. A new one each time. */
export function dealt({ run, iteration, rows }: Pick<History, 'run' | 'iteration' | 'rows'>): Negotiation {
  const { config } = run;
  return games[config.game].start(config.gameSettings, dealOf(config, iteration, rows[0]!.seed_group));
}

/** The stream that the games of a seed group are dealt from, a new one each time. */
export function dealOf({ seed }: Pick<RunConfig, 'seed'>, iteration: number, group: number): ReturnType<typeof random> {
  return random(seed, 'deal', iteration, group);
}

/**
 * What a seat was asked for at a turn, by playing the game again up to it, dealt from the run's seed and with the words of the
 * rows. Whatever differs from the rows on the way means that this is not the game that was played.
 * @throws Error that says what differs, and what that means
 */
export function requestAt(history: History, turn: number): TurnRequest {
  const { rows, folder, iteration } = history;
  const own = (row: TurnRow): boolean => row.player === 'policy' || row.player.startsWith('snapshot:');
  const differs = (row: TurnRow, what: string): Error =>
    new Error(
      `turn ${row.turn} of ${join(folder, `iteration ${iteration}`)} cannot be played again: ${what} differs from what the game deals and says now. ` +
        'The run was made by another version of the game, or not by Parley',
    );
  let position = dealt(history);
  for (let at = 0; position.requests.length > 0; ) {
    const due = position.requests.map((request, i) => ({ request, row: rows.find((row) => row.turn === at + i) }));
    for (const { request, row } of due) {
      if (row === undefined) throw new Error(`the negotiation has no turn ${turn}`);
      if (row.seat !== request.seat || row.kind !== request.kind) throw differs(row, 'whose turn it is');
      if (row.deal !== JSON.stringify(position.deal)) throw differs(row, 'the deal');
      if (own(row) && row.prompt !== request.observation) throw differs(row, 'what the agent read');
      if (row.turn === turn) return request;
    }
    position = position.advance(due.map(({ row }) => row!.text));
    at += due.length;
  }
  throw new Error(`the negotiation has no turn ${turn}: it has ${rows.length}`);
}
