import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { ROLLOUT_COLUMNS, type TurnRow } from '../../src/protocol/rollouts';
import { LORA_TARGETS, type RunConfig } from '../../src/protocol/runConfig';
import { type IterationLine, type JournalLine, RUN_FORMAT, RUN_PATHS, type RunFile } from '../../src/protocol/runFiles';

/** A small Iterated Prisoner's Dilemma; `change` what a test is about. */
export function sampleConfig(change: Partial<RunConfig> = {}): RunConfig {
  return {
    game: 'ipd',
    gameSettings: {
      rounds: 2,
      prompts: 'short',
      showRound: false,
      payoffs: { T: 5, R: 3, P: 1, S: 0 },
      messagesPerRound: 0,
      messageTokens: 1,
    },
    algorithm: 'aa',
    opponent: 'self',
    policy: 'embedded',
    seed: 7,
    iterations: 3,
    negotiations: 4,
    groupSize: 2,
    gamma: 0.9,
    beta: 0.5,
    rewardScale: 5,
    baseline: 'group',
    matchedGamma: false,
    adapter: { kind: 'lora', rank: 8, alpha: 16, targets: [...LORA_TARGETS] },
    learningRate: 0.001,
    clipNorm: 1,
    klCoefficient: 0,
    klOver: 'full',
    entropyCoefficient: 0.01,
    countForced: false,
    decoding: 'masked',
    retries: 0,
    temperature: 1,
    buffer: { enabled: false, every: 10, subset: 28, draw: 'group', train: 'both', probability: 0.5 },
    checkpointEvery: 10,
    ...change,
  };
}

/** run.json of a sample run. */
export function sampleRunFile(config: RunConfig, change: Partial<RunFile> = {}): RunFile {
  return {
    format: RUN_FORMAT,
    id: 'sample',
    name: 'sample aa',
    created: '2026-11-24T10:00:00.000Z',
    parley: '0.1.0',
    onnxruntime: '1.30.0',
    config,
    model: { source: 'embedded', sha256: 'a'.repeat(64), parameters: 90_000 },
    device: 'cpu',
    threads: 1,
    ...change,
  };
}

/** Choices of a negotiation's round: seat 1 defects in odd negotiations, all else cooperates. */
export function sampleChoice(negotiation: number, seat: 0 | 1): 'A' | 'B' {
  return seat === 1 && negotiation % 2 === 1 ? 'B' : 'A';
}

/** The turns of one iteration, each of two tokens, with numbers that tell where they come from. */
export function sampleRows(config: RunConfig, iteration: number): TurnRow[] {
  const rows: TurnRow[] = [];
  for (let negotiation = 0; negotiation < config.negotiations; negotiation++) {
    for (let round = 0; round < config.gameSettings.rounds; round++) {
      for (const seat of [0, 1] as const) {
        const mine = sampleChoice(negotiation, seat);
        const theirs = sampleChoice(negotiation, seat === 0 ? 1 : 0);
        const { T, R, P, S } = config.gameSettings.payoffs;
        const own = negotiation / 4 + seat;
        const alignment = config.algorithm === 'rl' ? 0 : round / 8;
        const two = (value: number): number[] => [value, value];
        rows.push({
          iteration,
          seed_group: Math.floor(negotiation / config.groupSize),
          negotiation,
          round,
          turn: round * 2 + seat,
          seat,
          agent: seat === 0 ? 'alice' : 'bob',
          player: 'policy',
          trained: true,
          kind: 'action',
          prompt: `r${round} play`,
          text: mine,
          valid: true,
          action: JSON.stringify({ kind: 'choice', choice: mine }),
          deal: JSON.stringify({ quantities: [], values: [[], []] }),
          reward: mine === 'A' ? (theirs === 'A' ? R : S) : theirs === 'A' ? T : P,
          share: '[]',
          best_joint_reward: 2 * R,
          return: own + 0.25,
          baseline: 0.25,
          opponent_advantage: 0.5,
          // So that the term is what β · w · A² gives.
          weight: alignment / (config.beta * 0.5),
          prompt_token_ids: [5, 6],
          token_ids: [mine === 'A' ? 10 : 11, 2],
          token_texts: [mine, '<end>'],
          log_probs: two(-0.5),
          train_log_probs: two(-0.5),
          ratios: two(1),
          reference_log_probs: two(-0.75),
          entropies: two(0.625),
          valid_mass: two(1),
          forced: [false, true],
          own_advantage: two(own),
          alignment_term: two(alignment),
          credit: two(own + alignment),
        });
      }
    }
  }
  return rows;
}

/** A rollout file's bytes. */
export function rolloutBytes(rows: readonly TurnRow[], rowGroupSize = 1000): Uint8Array {
  const names = Object.keys(ROLLOUT_COLUMNS) as (keyof TurnRow)[];
  const schema: SchemaElement[] = [
    { name: 'root', num_children: names.length },
    ...names.flatMap((name) => elements(name, ROLLOUT_COLUMNS[name])),
  ];
  const columnData = names.map((name) => ({ name, data: rows.map((row) => row[name]) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, rowGroupSize }));
}

function elements(name: string, type: string): SchemaElement[] {
  const scalar = type.replace('[]', '').replace('?', '');
  const leaf =
    scalar === 'STRING' ? ({ type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const) : ({ type: scalar } as Pick<SchemaElement, 'type'>);
  if (!type.endsWith('[]')) return [{ name, repetition_type: type.endsWith('?') ? 'OPTIONAL' : 'REQUIRED', ...leaf }];
  return [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'REQUIRED', ...leaf },
  ];
}

/** The journal line of an iteration whose rollouts are these. */
export function sampleLine(
  config: RunConfig,
  iteration: number,
  rollouts?: { readonly rows: number; readonly bytes: number },
): IterationLine {
  const each = <T>(make: (negotiation: number) => T): T[] => Array.from({ length: config.negotiations }, (_, n) => make(n));
  const nothing = { folder: RUN_PATHS.state(iteration), files: {} };
  if (rollouts === undefined) {
    return { type: 'iteration', iteration, time: '2026-11-24T10:00:01.000Z', seconds: 0, state: nothing };
  }
  const reward = (seat: 0 | 1) => (negotiation: number) => (sampleChoice(negotiation, 1) === 'A' ? 3 : seat === 0 ? 0 : 5);
  return {
    type: 'iteration',
    iteration,
    time: '2026-11-24T10:00:02.000Z',
    seconds: 0.5,
    measures: {
      meanReward: [1.5, 4],
      jointReward: 5.5,
      efficiency: 5.5 / 6,
      cooperationRate: 0.75,
      validMass: 1,
      entropy: 0.5,
      kl: 0,
    },
    training: {
      loss: 0,
      gradNorm: 1,
      rhoMax: 1,
      rhoClipFraction: 0,
      samplerTrainerGap: 0,
      rmsOwn: 1,
      rmsAlignment: 1,
      signFlip: 0,
      retries: 0,
      sequences: 2 * config.negotiations,
      sampledTokens: 600,
      trainedTokens: 400,
    },
    rollouts: { file: RUN_PATHS.rollouts(iteration), ...rollouts, sha256: 'b'.repeat(64) },
    negotiations: {
      group: each((n) => Math.floor(n / config.groupSize)),
      reward: [each(reward(0)), each(reward(1))],
      efficiency: each(() => 1),
      player: [each(() => 'policy'), each((n) => (n === 3 ? 'snapshot:10' : 'policy'))],
      invalid: each((n) => (n === 2 ? 1 : 0)),
      credit: [each(() => 0), each(() => 0)],
      cooperation: [each(() => 1), each((n) => (n % 2 === 1 ? 0 : 1))],
    },
    state: nothing,
  };
}

/** Writes iterations of a sample run, rollouts and journal, from one number up to another; `change` what their turns are. */
export function writeIterations(
  folder: string,
  config: RunConfig,
  from: number,
  to: number,
  change: (rows: TurnRow[]) => TurnRow[] = (rows) => rows,
): void {
  mkdirSync(path.join(folder, 'rollouts'), { recursive: true });
  for (let iteration = from; iteration <= to; iteration++) {
    if (iteration === 0) {
      appendLine(folder, sampleLine(config, 0));
      continue;
    }
    const rows = change(sampleRows(config, iteration));
    const bytes = rolloutBytes(rows);
    writeFileSync(path.join(folder, RUN_PATHS.rollouts(iteration)), bytes);
    appendLine(folder, sampleLine(config, iteration, { rows: rows.length, bytes: bytes.byteLength }));
  }
}

/** Appends to the journal. */
export function appendLine(folder: string, line: JournalLine): void {
  writeFileSync(path.join(folder, RUN_PATHS.journal), `${JSON.stringify(line)}\n`, { flag: 'a' });
}

/** A whole run folder with `iterations` committed, unfinished. */
export function writeSampleRun(
  folder: string,
  iterations: number,
  change: Partial<RunConfig> = {},
  file: Partial<RunFile> = {},
  rows: (rows: TurnRow[]) => TurnRow[] = (same) => same,
): RunConfig {
  const config = sampleConfig(change);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, RUN_PATHS.run), JSON.stringify(sampleRunFile(config, file)));
  writeIterations(folder, config, 0, iterations, rows);
  return config;
}
