import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { assignCredit } from '../../src/domain/advantage';
import { games } from '../../src/domain/games';
import type { TurnRequest } from '../../src/domain/games/game';
import { measure } from '../../src/domain/metrics';
import { random } from '../../src/domain/random';
import { type PlayedNegotiation, play } from '../../src/domain/rollout';
import { AGENT_NAMES, other, type Pair, pair } from '../../src/domain/seat';
import type { TurnRow } from '../../src/protocol/rollouts';
import type { RunConfig } from '../../src/protocol/runConfig';
import { type IterationLine, RUN_FORMAT, RUN_PATHS, type RunFile } from '../../src/protocol/runFiles';
import { sha256, writeDurably } from '../../src/runs/durableFile';
import { appendJournal, readJournal } from '../../src/runs/journal';
import { resolveConfig } from '../../src/runs/presets';
import { encodeRollouts } from '../../src/trainer/rolloutFile';
import { plain } from '../../src/trainer/statistics';

/** How big. */
export interface BigRunSize {
  readonly iterations: number;
  readonly negotiations: number;
  readonly rounds: number;
  readonly seed: number;
}

/** What a made-up iteration leaves besides its rollouts. */
export type IterationDetails = Pick<IterationLine, 'measures' | 'training' | 'negotiations'>;

/** The configuration of a made-up run: Trust-and-Split by Advantage Alignment. */
export function bigRunConfig({ iterations, negotiations, rounds, seed }: BigRunSize): RunConfig {
  const settings = { policy: 'embedded', iterations, negotiations, gameSettings: { rounds } };
  return resolveConfig(path.join(process.cwd(), 'media'), {
    game: 'trust-and-split',
    algorithm: 'aa',
    seed,
    preset: 'paper',
    layers: [{ source: 'the benchmark', settings }],
  });
}

/** run.json of a made-up run. */
export function bigRunFile(config: RunConfig, id: string, name: string): RunFile {
  return {
    format: RUN_FORMAT,
    id,
    name,
    created: '2026-11-24T10:00:00.000Z',
    parley: '0.1.0',
    onnxruntime: '1.30.0',
    config,
    model: { source: 'embedded', sha256: 'a'.repeat(64), parameters: 90_000 },
    device: 'cpu',
    threads: 1,
  };
}

const WORDS =
  'I you hold have rock paper scissors coins give take all none share trust last round value ten one yes no please and so then'.split(' ');

/** Uniform numbers, fast and repeatable (mulberry32); the run's own generator is slower than the rest of this file. */
function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function say({ constraint }: TurnRequest, draw: () => number): string {
  if (constraint.kind === 'choice') return constraint.choices[Math.floor(draw() * constraint.choices.length)] ?? '';
  return Array.from({ length: 12 + Math.floor(draw() * 17) }, () => WORDS[Math.floor(draw() * WORDS.length)]).join(' ');
}

/** Plays one iteration at random and credits it as a trainer would. */
export async function makeIteration(
  config: RunConfig,
  iteration: number,
): Promise<{ readonly rows: TurnRow[]; readonly details: IterationDetails }> {
  const draw = uniforms(config.seed * 1_000_003 + iteration);
  const groupOf = (n: number): number => Math.floor(n / config.groupSize);
  const starts = Array.from({ length: config.negotiations }, (_, n) =>
    games[config.game].start(config.gameSettings, random(config.seed, 'deal', iteration, groupOf(n))),
  );
  const played = await play(starts, async (pending) => pending.map(({ request }) => say(request, draw)));
  const rewards = pair((seat) => played.map(({ negotiation }) => negotiation.rounds.map((round) => round.rewards[seat])));
  const groups = played.map((_, n) => groupOf(n));
  const credits = assignCredit({ rewards, groups }, config);
  const rows = played.flatMap((negotiation, n) => rowsOf(negotiation, n, iteration, groupOf(n), credits, draw));
  return { rows, details: detailsOf(config, played, groups, credits) };
}

function rowsOf(
  { negotiation, turns }: PlayedNegotiation,
  n: number,
  iteration: number,
  group: number,
  credits: ReturnType<typeof assignCredit>,
  draw: () => number,
): TurnRow[] {
  return turns.map(({ turn, round, seat, kind, observation, text, valid }): TurnRow => {
    const outcome = negotiation.rounds[round]!;
    const texts = [...(text.match(/\s?\S+/g) ?? []), '<end>'];
    const each = (make: () => number): number[] => texts.map(make);
    const at = (ledger: typeof credits.credits, whose = seat): number => ledger[whose][n]![round]!;
    const logProbs = each(() => Math.log(0.05 + 0.95 * draw()));
    return {
      iteration,
      seed_group: group,
      negotiation: n,
      round,
      turn,
      seat,
      agent: AGENT_NAMES[seat].toLowerCase(),
      player: 'policy',
      trained: true,
      kind,
      prompt: observation,
      text,
      valid,
      action: kind === 'action' ? JSON.stringify(outcome.actions[seat]) : null,
      deal: JSON.stringify(outcome.deal),
      reward: outcome.rewards[seat],
      share: JSON.stringify(outcome.shares[seat]),
      best_joint_reward: outcome.bestJointReward,
      return: at(credits.returns),
      baseline: at(credits.baselines),
      opponent_advantage: at(credits.advantages, other(seat)),
      weight: at(credits.weights),
      prompt_token_ids: Array.from({ length: Math.ceil(observation.length / 5) }, () => Math.floor(draw() * 2048)),
      token_ids: each(() => Math.floor(draw() * 2048)),
      token_texts: texts,
      log_probs: logProbs,
      train_log_probs: logProbs,
      ratios: each(() => 1 + 1e-6 * draw()),
      reference_log_probs: logProbs.map((value) => value - 0.2 * draw()),
      entropies: each(() => 2 * draw()),
      valid_mass: each(() => 1 - 0.02 * draw()),
      forced: texts.map((_, i) => i === texts.length - 1),
      own_advantage: each(() => at(credits.advantages)),
      alignment_term: each(() => at(credits.alignment)),
      credit: each(() => at(credits.credits)),
    };
  });
}

function detailsOf(
  config: RunConfig,
  played: readonly PlayedNegotiation[],
  groups: readonly number[],
  credits: ReturnType<typeof assignCredit>,
): IterationDetails {
  const rounds = played.map(({ negotiation }) => negotiation.rounds);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const each = (read: (n: number, seat: 0 | 1) => number): Pair<number[]> => pair((seat) => rounds.map((_, n) => read(n, seat)));
  const rms = (ledger: typeof credits.credits): number => Math.sqrt(mean(ledger.flat(2).map((value) => value ** 2)));
  const tokens = 12 * config.negotiations * config.gameSettings.rounds;
  return {
    measures: plain(measure(config.game, rounds, { validMass: 0.97, entropy: 1.1, kl: 0.02 })),
    training: {
      loss: 0.01,
      gradNorm: 0.7,
      rhoMax: 1,
      rhoClipFraction: 0,
      samplerTrainerGap: 1e-6,
      rmsOwn: rms(credits.advantages),
      rmsAlignment: rms(credits.alignment),
      signFlip: 0.2,
      retries: 0,
      sequences: 2 * config.negotiations,
      sampledTokens: tokens,
      trainedTokens: tokens,
    },
    negotiations: {
      group: [...groups],
      reward: [...each((n, seat) => mean(rounds[n]!.map((round) => round.rewards[seat])))],
      efficiency: rounds.map((all) => mean(all.map(({ rewards, bestJointReward }) => (rewards[0] + rewards[1]) / bestJointReward))),
      player: [rounds.map(() => 'policy'), rounds.map(() => 'policy')],
      invalid: played.map(({ turns }) => turns.filter(({ valid }) => !valid).length),
      credit: [...each((n, seat) => mean(credits.credits[seat][n]!))],
    },
  };
}

/** Commits a made-up iteration: its rollouts, then the journal's line that names them. */
export async function commitMade(
  folder: string,
  iteration: number,
  made: Awaited<ReturnType<typeof makeIteration>>,
): Promise<IterationLine> {
  const file = RUN_PATHS.rollouts(iteration);
  const bytes = encodeRollouts(made.rows);
  mkdirSync(path.join(folder, 'rollouts'), { recursive: true });
  await writeDurably(path.join(folder, file), bytes);
  const line: IterationLine = {
    type: 'iteration',
    iteration,
    time: new Date(Date.UTC(2026, 10, 24) + 20_000 * iteration).toISOString(),
    seconds: 20,
    ...made.details,
    rollouts: { file, rows: made.rows.length, bytes: bytes.length, sha256: sha256(bytes) },
    state: { folder: RUN_PATHS.state(iteration), files: {} },
  };
  await appendJournal(folder, line);
  return line;
}

/** Writes the journal's first line, before any iteration. */
export async function commitStart(folder: string): Promise<void> {
  const state = { folder: RUN_PATHS.state(0), files: {} };
  await appendJournal(folder, { type: 'iteration', iteration: 0, time: new Date(Date.UTC(2026, 10, 24)).toISOString(), seconds: 0, state });
}

/** Writes a finished run. One that is there already and complete stays; one that is not is written anew. */
export async function writeBigRun(
  folder: string,
  size: BigRunSize,
  onIteration: (iteration: number) => void = () => undefined,
): Promise<void> {
  if (await isComplete(folder, size)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const config = bigRunConfig(size);
  await writeDurably(path.join(folder, RUN_PATHS.run), `${JSON.stringify(bigRunFile(config, 'big', 'big made-up run'), null, 2)}\n`);
  await commitStart(folder);
  let last: IterationLine | undefined;
  for (let iteration = 1; iteration <= size.iterations; iteration++) {
    last = await commitMade(folder, iteration, await makeIteration(config, iteration));
    onIteration(iteration);
  }
  if (last?.measures === undefined) return;
  await appendJournal(folder, { type: 'finished', iteration: size.iterations, time: last.time, measures: last.measures });
}

async function isComplete(folder: string, size: BigRunSize): Promise<boolean> {
  if (!existsSync(path.join(folder, RUN_PATHS.run))) return false;
  const { lines } = await readJournal(folder);
  return lines.at(-1)?.type === 'finished' && lines.length === size.iterations + 2;
}
