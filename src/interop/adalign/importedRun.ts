import type { CreditSettings } from '../../domain/advantage';
import { defaultGameSettings } from '../../domain/games';
import { measure } from '../../domain/metrics';
import type { ImportedFrom } from '../../protocol/imports';
import { LORA_TARGETS, type RunConfig } from '../../protocol/runConfig';
import { type IterationLine, type MeasuresFile, RUN_FORMAT, type RunFile } from '../../protocol/runFiles';
import type { ImportedIteration } from './import';

/** What an imported run is called, and when and by which Parley it was imported. */
export interface ImportedRunName {
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  readonly parley: string;
  /** Where it was imported from. */
  readonly from: ImportedFrom;
  /** Of the configuration that the run was started with, where it is known (`Qwen/Qwen2.5-7B-Instruct`). */
  readonly model?: string;
}

/** A hash of nothing: the base model's files are not part of such a folder. */
const NO_HASH = '0'.repeat(64);

/**
 * The run.json of an AdAlignLLM run, from its first iteration and the settings that its reader confirmed. What such a folder
 * does not say (learning rate, adapter) has the paper's value.
 * @throws RangeError when the run is of a game that Parley does not know
 */
export function importedRunFile(run: ImportedRunName, first: ImportedIteration, settings: CreditSettings): RunFile {
  if (first.game === undefined) {
    throw new RangeError(`${first.folder} is of a game that Parley does not know: only its summary can be read`);
  }
  const sizes = new Map<number, number>();
  for (const group of first.summaries.group) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const rounds = Math.max(1, ...first.outcomes.map((each) => each.length));
  const messages = Math.max(0, ...first.outcomes.flat().map(({ messages }) => Math.ceil(messages.length / 2)));
  const hasBuffer = first.rows.some(({ player }) => player === 'snapshot');
  const config: RunConfig = {
    game: first.game,
    gameSettings: { ...defaultGameSettings(first.game, 'full'), rounds, showRound: false, messagesPerRound: messages },
    ...settings,
    opponent: 'self',
    policy: run.model ?? 'AdAlignLLM',
    seed: run.from.seed ?? 0,
    iterations: 1,
    negotiations: Math.max(1, first.summaries.group.length),
    groupSize: Math.max(1, ...sizes.values()),
    adapter: { kind: 'lora', rank: 32, alpha: 64, targets: [...LORA_TARGETS] },
    learningRate: 3e-6,
    clipNorm: 1,
    klCoefficient: 0,
    klOver: 'full',
    entropyCoefficient: 0,
    countForced: true,
    decoding: 'retry',
    retries: 1,
    temperature: 1,
    buffer: { enabled: hasBuffer, every: 10, subset: 28, draw: 'negotiation', train: 'learner', probability: 0.5 },
    checkpointEvery: 10,
  };
  const model = { source: run.model ?? 'AdAlignLLM', sha256: NO_HASH, parameters: 0 };
  const { id, name, created, parley, from: imported } = run;
  return { format: RUN_FORMAT, id, name, created, parley, onnxruntime: '', config, model, device: 'imported', threads: 0, imported };
}

/** What a journal line says of an imported iteration, but for the files that it was written to. */
export function importedDetails({ game, outcomes, summaries }: ImportedIteration): Pick<IterationLine, 'measures' | 'negotiations'> {
  if (game === undefined) return { negotiations: summaries };
  const alone = outcomes.filter((_, n) => summaries.player[0][n] === 'policy' && summaries.player[1][n] === 'policy');
  const measures: MeasuresFile = JSON.parse(JSON.stringify(measure(game, alone)));
  return { measures, negotiations: summaries };
}
