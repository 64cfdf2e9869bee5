import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GAME_IDS } from '../domain/games';
import { openOnnxEngine } from '../engine/onnx/engine';
import type { PolicyCard } from '../protocol/policyCards';
import { writeError } from '../runs/durableFile';
import { messageOf } from '../runs/problem';
import { shareCores } from '../runs/trainers';
import { cardWork, looseCard } from '../trainer/inference/cardWork';
import type { Work } from '../trainer/inference/work';
import { PlayerError } from '../trainer/players/playerError';
import { readPlayer } from '../trainer/players/spec';
import { type Arguments, UsageError } from './arguments';
import type { Command } from './command';
import { MACHINE_OPTIONS, readMachine } from './runOptions';
import { LiveLines, type Terminal } from './terminal';

/** Behind a run: the model that it began with. */
const BASE = /@base$/;

/** `parley card`: what a checkpoint is and does, as text that diffs. */
export const cardCommand: Command = {
  name: 'card',
  summary: 'what a checkpoint is and does, as text that diffs',
  about: `
Prints the policy card of a checkpoint: its configuration, its training measures, what it does in probe states, what it
answers to probe transcripts, and the norms of its weights. The same checkpoint makes the same text. CHECKPOINT is
a run folder (its newest checkpoint, or RUN@ITERATION, or RUN@base for the model that it began with), a checkpoint folder,
or seed (the embedded policy). --out also keeps the probe negotiations, one file each.`,
  positionals: ['CHECKPOINT'],
  options: [
    { name: 'game', value: 'GAME', about: `what a policy of no run plays: ${GAME_IDS.join(', ')} (default ipd)` },
    { name: 'out', value: 'DIR', about: 'a folder for the card and the probe negotiations' },
    ...MACHINE_OPTIONS,
    { name: 'json', about: 'JSON on stdout: {"format", "text", "negotiations": [{"name", "text"}]}' },
  ],
  examples: [
    ['parley card runs/aa@40', 'the checkpoint of iteration 40'],
    ['diff <(parley card runs/aa@base) <(parley card runs/aa)', 'what training changed'],
    ['parley card runs/rl --out rl && parley card runs/aa --out aa && git diff --no-index rl aa', 'with what the two say'],
  ],
  run: async (args, terminal) => {
    const live = new LiveLines(terminal);
    const stopping = new AbortController();
    const stop = (): void => stopping.abort(new Error('stopped'));
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    try {
      const card = await makeCard(args, terminal, stopping.signal, (line) => live.show([line]));
      live.show([]);
      const out = args.text('out');
      if (out !== undefined) await keep(card, resolve(out));
      terminal.out(args.has('json') ? `${JSON.stringify(card)}\n` : card.text);
      return 0;
    } finally {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    }
  },
};

async function makeCard(args: Arguments, terminal: Terminal, signal: AbortSignal, tell: (line: string) => void): Promise<PolicyCard> {
  const [text = ''] = args.positionals;
  const game = args.choice('game', GAME_IDS) ?? 'ipd';
  const { spin: spinning, ...device } = { ...shareCores(terminal.cores, 1), ...readMachine(args) };
  const work: Work = {
    settings: { ...device, apis: {}, keys: {} },
    media: terminal.media,
    signal,
    openEngine: (model) => openOnnxEngine({ ...device, model, spinning }),
    progress: (_done, _of, line) => tell(line),
  };
  const { name, source } = await policyNamed(text, game);
  const { run } = source;
  if (run === null) return looseCard(name, source, game, work);
  if (args.has('game')) throw new UsageError(`--game: ${name} plays ${run.config.game}, as its run says`);
  return cardWork({ job: 0, checkpoint: { folder: run.folder, iteration: BASE.test(text) ? null : run.iteration } }, work);
}

async function policyNamed(text: string, game: (typeof GAME_IDS)[number]) {
  try {
    const spec = await readPlayer(text.replace(BASE, ''), { game, apis: {}, cwd: process.cwd() });
    if (spec.kind !== 'policy') throw new PlayerError(`${text} has no card: give a run, a checkpoint or seed`);
    if (BASE.test(text) && spec.source.run === null) throw new PlayerError(`${text}: @base follows a run folder`);
    return spec;
  } catch (error) {
    if (error instanceof PlayerError) throw new UsageError(messageOf(error));
    throw error;
  }
}

async function keep({ text, negotiations }: PolicyCard, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'policy card.txt'), text);
    for (const { name, text: said } of negotiations) await writeFile(join(folder, `${name}.txt`), said);
  } catch (error) {
    throw writeError(folder, error);
  }
}
