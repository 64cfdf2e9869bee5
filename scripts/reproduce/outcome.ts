import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MATCHUP_PATHS, type MatchupsFile, matchupsFile } from '../../src/protocol/matchups';
import type { MeasuresFile } from '../../src/protocol/runFiles';
import type { InferenceProcess } from '../../src/runs/inferenceProcess';
import type { Training } from './trainings';
import { finishedJournal } from './trainings';

/** Efficiencies are means over so many iterations at the end: `aa` wanders through spells of punishment. */
export const LAST_ITERATIONS = 20;

/** What came of one training. */
export interface Outcome {
  readonly training: Training;
  /** Self-play of the final policy, 256 negotiations. */
  readonly measures: MeasuresFile;
  /** Means over the last iterations. */
  readonly efficiency: number;
  /** Split only. */
  readonly contestedEfficiency: number | null;
  /** By iteration, of the measure that the game's figure shows. */
  readonly curve: readonly { readonly iteration: number; readonly value: number | null }[];
  /** Seconds of training, as the journal has them. */
  readonly seconds: number;
  /** The final policy among fixed players; row and column 0 are its own. */
  readonly matchups: MatchupsFile;
}

/** Reads a finished training, and has its policy meet others where it has not yet. @throws Error for one that is not finished */
export async function outcomeOf(training: Training, inference: InferenceProcess, negotiations: number): Promise<Outcome> {
  const lines = await finishedJournal(training.folder);
  const last = lines?.at(-1);
  if (!lines || last?.type !== 'finished') throw new Error(`${training.folder} is not finished`);
  const iterations = lines.flatMap((line) => (line.type === 'iteration' && line.iteration > 0 ? [line] : []));
  const late = iterations.slice(-LAST_ITERATIONS);
  const contested = late.map(({ measures }) => number(measures?.contestedEfficiency));
  return {
    training,
    measures: last.measures,
    efficiency: mean(late.map(({ measures }) => measures?.efficiency ?? 0)),
    contestedEfficiency: contested.some((value) => value === null) ? null : mean(contested as number[]),
    curve: iterations.map(({ iteration, measures }) => ({ iteration, value: figureValue(training, measures) })),
    seconds: sum(iterations.map(({ seconds }) => seconds)),
    matchups: await matchupsOf(training, inference, negotiations),
  };
}

/** What the figure of a game shows over training. */
function figureValue({ experiment: { game } }: Training, measures: MeasuresFile | undefined): number | null {
  if (game === 'ipd') return measures?.cooperationRate ?? null;
  return game === 'split' ? number(measures?.contestedEfficiency) : (measures?.efficiency ?? null);
}

async function matchupsOf(
  { experiment, seed, folder }: Training,
  inference: InferenceProcess,
  negotiations: number,
): Promise<MatchupsFile> {
  const out = join(`${folder}-matchups`);
  const file = join(out, MATCHUP_PATHS.matchups);
  if (existsSync(file)) {
    const kept = matchupsFile.parse(JSON.parse(await readFile(file, 'utf8')));
    if (kept.meanReward.every((row) => row.every((cell) => cell !== null)) && kept.negotiations === negotiations) return kept;
  }
  const others = experiment.against === undefined ? [exploiter(experiment.game)] : [join(folder, '..', `${experiment.against}-${seed}`)];
  await rm(out, { recursive: true, force: true });
  const played = await inference.perform('evaluate', {
    game: experiment.game,
    players: [folder, ...others],
    negotiations,
    // Deals that no training saw.
    seed: 1_000_000 + seed,
    rules: {},
    out,
  });
  // As a file has it: the same keys in the same order, whether it was just played or read.
  return matchupsFile.parse(played);
}

function exploiter(game: string): string {
  return game === 'ipd' ? 'scripted:always-defect' : 'scripted:greedy';
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The mean; NaN of none. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
