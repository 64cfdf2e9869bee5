// Stands in for the trainer while the workbench is measured: it trains nothing, and says and commits as much as a fast one would.
// It speaks the trainer's protocol and writes through the trainer's own writers. PARLEY_BENCH_SECONDS: how long it plays; it then
// waits, with one iteration played and not committed, until it is told to stop. What it sent is left in sent.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openChannel } from '../../src/protocol/channel';
import type { TurnRow } from '../../src/protocol/rollouts';
import { RUN_PATHS } from '../../src/protocol/runFiles';
import { type HostSide, type PreviewTurn, TRAINER_PROTOCOL, type TrainerSide, type TrainParams } from '../../src/protocol/trainer';
import { writeDurably } from '../../src/runs/durableFile';
import { processTransport } from '../../src/trainer/processTransport';
import { bigRunFile, commitMade, commitStart, makeIteration } from './bigRun';

/** Negotiations a second, and time between two messages. */
const NEGOTIATIONS_PER_SECOND = 50;
const EVERY = 50;
/** Different iterations that are played in turn. */
const POOL = 8;

const seconds = Number(process.env.PARLEY_BENCH_SECONDS ?? '600');
const transport = processTransport();
let folder = '';
let stopping = false;
const sent = { iterations: 0, turns: 0, tokens: 0, negotiations: 0 };

const channel = openChannel<TrainerSide, HostSide>(transport, TRAINER_PROTOCOL, {
  train: (params) => {
    void live(params);
    return { device: 'made-up' };
  },
  stop: () => {
    stopping = true;
    return null;
  },
});
void channel.closed.then(() => process.exit(0));

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function live(params: TrainParams): Promise<void> {
  if (params.start !== 'new') return;
  folder = params.folder;
  const config = { ...params.config, iterations: 100_000 };
  mkdirSync(folder, { recursive: true });
  const file = bigRunFile(config, path.basename(folder), params.name);
  await writeDurably(path.join(folder, RUN_PATHS.run), `${JSON.stringify({ ...file, created: new Date().toISOString() })}\n`);
  await commitStart(folder);
  const pool = await Promise.all(Array.from({ length: POOL }, (_, i) => makeIteration(config, i + 1)));
  const until = Date.now() + seconds * 1000;
  for (let iteration = 1; !stopping; iteration++) {
    const made = pool[iteration % POOL]!;
    const rows = made.rows.map((row) => ({ ...row, iteration }));
    await preview(rows, config.negotiations);
    if (Date.now() >= until || stopping) break;
    await commitMade(folder, iteration, { ...made, rows });
    sent.iterations = iteration;
    channel.send('committed', { iteration });
    channel.send('progress', {
      phase: 'training',
      iteration,
      iterations: config.iterations,
      reward: 1,
      cooperationRate: null,
      efficiency: 0.5,
      tokensPerSecond: sent.tokens / Math.max(1, seconds),
      secondsPerIteration: config.negotiations / NEGOTIATIONS_PER_SECOND,
      device: 'made-up',
    });
  }
  writeFileSync(path.join(folder, 'sent.json'), JSON.stringify(sent));
  while (!stopping) await pause(100);
  channel.send('ended', { how: 'stopped', iteration: sent.iterations });
  await transport.flushed();
  process.exit(0);
}

/** Tells the turns of an iteration as they would be played: all negotiations at once, so many a second. */
async function preview(rows: readonly TurnRow[], negotiations: number): Promise<void> {
  const turns = [...rows].sort((a, b) => a.turn - b.turn || a.negotiation - b.negotiation).map(turnOf);
  const began = Date.now();
  const lasts = (1000 * negotiations) / NEGOTIATIONS_PER_SECOND;
  for (let told = 0; told < turns.length && !stopping; ) {
    await pause(EVERY);
    const due = Math.min(turns.length, Math.ceil((turns.length * (Date.now() - began)) / lasts));
    const some = turns.slice(told, due);
    if (some.length > 0) channel.send('preview', some);
    sent.turns += some.length;
    for (const { tokenTexts } of some) sent.tokens += tokenTexts.length;
    told = Math.max(told, due);
  }
  sent.negotiations += negotiations;
}

function turnOf(row: TurnRow): PreviewTurn {
  return {
    iteration: row.iteration,
    group: row.seed_group,
    negotiation: row.negotiation,
    round: row.round,
    turn: row.turn,
    seat: row.seat === 0 ? 0 : 1,
    player: row.player,
    kind: row.kind === 'message' ? 'message' : 'action',
    prompt: row.prompt,
    text: row.text,
    tokenTexts: row.token_texts,
    logProbs: row.log_probs,
  };
}
