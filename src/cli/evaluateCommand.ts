import { resolve } from 'node:path';
import { defaultGameSettings, GAME_IDS, games } from '../domain/games';
import type { GameId, GameSettings } from '../domain/games/game';
import { random } from '../domain/random';
import { usageLine } from '../engine/chat-api/usage';
import { openOnnxEngine } from '../engine/onnx/engine';
import type { ChatEndpoint } from '../protocol/chatEndpoints';
import { type MatchupsFile, type PlaySampling, playSampling } from '../protocol/matchups';
import { gameSettings } from '../protocol/runConfig';
import { writeDurably } from '../runs/durableFile';
import { parseAssignments } from '../runs/presets';
import { firstIssue, messageOf } from '../runs/problem';
import { shareCores } from '../runs/trainers';
import { parleyVersion } from '../trainer/environment';
import { evaluate } from '../trainer/evaluate/evaluate';
import { heatMap } from '../trainer/evaluate/heatMap';
import { type Lineup, readLineup, splitPlayers } from '../trainer/evaluate/lineup';
import { expandSets } from '../trainer/evaluate/setSides';
import { openPlayers, sharedRules } from '../trainer/players/openPlayers';
import type { Player } from '../trainer/players/player';
import { PlayerError } from '../trainer/players/playerError';
import { PLAYER_FORMS, type PlayerSpec } from '../trainer/players/spec';
import { APIS_OPTION, readApis } from './apis';
import { type Arguments, didYouMean, UsageError } from './arguments';
import type { Command } from './command';
import { matchupTable } from './matchupTable';
import { MACHINE_OPTIONS, readMachine } from './runOptions';
import { LiveLines } from './terminal';

/** `parley evaluate`: the match-up matrix. */
export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: 'every player against every other: runs, checkpoints, scripted players, chat endpoints',
  about: `
Plays every player against every other and itself and prints the row player's mean points a round, with a 95 % interval
over deals. All cells are dealt the same, and each deal is played in both seatings.
A player is a run folder (its newest checkpoint, or RUN@ITERATION), a checkpoint folder, seed (the embedded policy),
scripted:NAME or api:NAME.
Runs play as they were trained: their prompts, their way of decoding. Rounds, payoffs and messages a round are those of
the runs, or the game's; --set decides where runs differ. NAME=RUN+RUN+… makes one player of several runs, whose intervals
are then over runs. A run set's folder or file becomes a player for each of its algorithms, across its seeds.
An endpoint is described in a JSON file of your own, {"NAME": {"baseUrl": …, "model": …, "keyVariable": …}}; docs/players.md
lists its settings. The key itself stays in the environment variable.`,
  positionals: [],
  options: [
    { name: 'game', value: 'GAME', about: `${GAME_IDS.join(', ')} (default ipd)` },
    { name: 'players', value: 'P,P,…', repeats: true, about: 'who plays; may be given more than once' },
    { name: 'negotiations', value: 'N', about: 'negotiations a cell, an even number (default 64)' },
    { name: 'seed', value: 'N', about: 'seed of all deals and draws (default 0)' },
    { name: 'temperature', value: 'T', about: 'for all policies (default: that of each run, or 1)' },
    { name: 'top-p', value: 'P', about: 'policies draw from the likeliest tokens that together have probability P' },
    { name: 'top-k', value: 'K', about: 'policies draw from the K likeliest tokens; 1 is greedy' },
    { name: 'set', value: 'KEY=VALUE', repeats: true, about: 'a setting of the game for everybody, such as rounds=20' },
    APIS_OPTION,
    {
      name: 'out',
      value: 'DIR',
      about: 'a folder for the matrix, its picture, and every negotiation as Parquet; goes on there if it was cut off',
    },
    { name: 'svg', value: 'FILE', about: 'the matrix as a heat map' },
    { name: 'batch', value: 'N', about: 'negotiations played at the same time, at most (default 512)' },
    ...MACHINE_OPTIONS,
    { name: 'json', about: 'JSON on stdout: {"players", "meanReward": [row][col], "low", "high", "measures", …}' },
  ],
  examples: [
    ['parley evaluate --players seed,scripted:tit-for-tat,scripted:always-defect', 'the untrained policy among scripted players'],
    ['parley evaluate --players runs/rl,runs/aa,runs/aa@40 --negotiations 256 --svg matchups.svg', 'two runs and an earlier checkpoint'],
    ['parley evaluate --players runs/seeds,scripted:always-defect', 'a run set: rl and aa across its seeds'],
    ['parley evaluate --players aa=runs/aa-1+runs/aa-2+runs/aa-3,rl=runs/rl-1+runs/rl-2+runs/rl-3', 'across seeds'],
    [
      'parley evaluate --game trust-and-split --players runs/aa,api:gpt --apis ~/apis.json --out matchups',
      'against a model behind an API, with every word kept',
    ],
  ],
  run: async (args, terminal) => {
    const game = args.choice('game', GAME_IDS) ?? 'ipd';
    const negotiations = args.count('negotiations', 2) ?? 64;
    if (negotiations % 2 !== 0) {
      throw new UsageError(`--negotiations ${negotiations}: give an even number, each deal is played in both seatings`);
    }
    const seed = args.count('seed') ?? 0;
    const sampling = readSampling(args);
    const { specs, sides } = await readPlayers(args, game);
    const rules = await readRules(args, game, specs);
    const live = new LiveLines(terminal);
    const stopping = new AbortController();
    const stop = (): void =>
      stopping.abort(new Error('stopped; what was played is not complete. With --out the same command goes on from there'));
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const machine = { ...shareCores(terminal.cores, 1), ...readMachine(args) };
    const { spin: spinning, ...device } = machine;
    const opened = await openPlayers(specs, {
      game,
      rules,
      media: terminal.media,
      openEngine: (model) => openOnnxEngine({ ...device, model, spinning }),
      keyOf,
      random: random(seed, 'players'),
      ...(sampling && { sampling }),
    });
    const out = args.text('out');
    const svg = args.text('svg');
    try {
      for (const warning of opened.warnings) live.log(`note: ${warning}`);
      const matrix = await evaluate({
        game,
        players: opened.players,
        sides,
        rules,
        seed,
        ...(sampling && { sampling }),
        negotiations,
        batch: args.count('batch', 1) ?? 512,
        signal: stopping.signal,
        parley: parleyVersion(terminal.media),
        created: new Date().toISOString(),
        ...(out !== undefined && { out: resolve(out) }),
        onMatchup: (_, done, of) => live.show([`${game}  ${done}/${of} pairs of players`]),
      });
      live.show([]);
      if (svg !== undefined) await writeDurably(resolve(svg), heatMap(matrix));
      terminal.out(args.has('json') ? `${JSON.stringify(matrix)}\n` : `${matchupTable(matrix, terminal.columns)}\n`);
      if (!args.has('json')) for (const line of remarks(matrix, opened.players)) terminal.out(`${line}\n`);
      return 0;
    } finally {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      await opened.dispose();
    }
  },
};

async function readPlayers(args: Arguments, game: GameId): Promise<Lineup> {
  const texts = args.texts('players');
  if (texts.length === 0) throw new UsageError(`--players is missing: give ${PLAYER_FORMS}, separated by commas`);
  const cwd = process.cwd();
  const lineup = await asUsage(async () => readLineup(await expandSets(splitPlayers(texts), cwd), { game, apis: readApis(args), cwd }));
  for (const spec of lineup.specs) {
    const variable = spec.kind === 'chat' ? spec.endpoint.keyVariable : undefined;
    if (variable !== undefined && !process.env[variable]) throw new UsageError(`${spec.name}: ${variable} is not set: put its key there`);
  }
  return lineup;
}

/** How policies draw their tokens where the command line says so. @throws UsageError */
function readSampling(args: Arguments): PlaySampling | undefined {
  const given = { temperature: 'temperature', topP: 'top-p', topK: 'top-k' } as const;
  const sampling: Record<string, number> = {};
  for (const [key, option] of Object.entries(given)) {
    const text = args.text(option);
    if (text === undefined) continue;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!playSampling.safeParse({ [key]: value }).success) {
      const wanted = { temperature: 'a number above 0', topP: 'a number above 0 and at most 1', topK: 'a whole number of 0 or more' }[key];
      throw new UsageError(`--${option} ${text}: give ${wanted}`);
    }
    sampling[key] = value;
  }
  return Object.keys(sampling).length === 0 ? undefined : playSampling.parse(sampling);
}

function keyOf(_name: string, { keyVariable }: ChatEndpoint): string | undefined {
  return keyVariable === undefined ? undefined : process.env[keyVariable];
}

/** The game's settings that everybody plays under. */
async function readRules(args: Arguments, game: GameId, specs: readonly PlayerSpec[]): Promise<Partial<GameSettings>> {
  const { settings } = parseAssignments(args.texts('set'), '--set');
  const { gameSettings: nested, ...plain } = settings;
  const given: Record<string, unknown> = { ...plain, ...(typeof nested === 'object' ? nested : {}) };
  const names = ['rounds', 'prompts', ...games[game].settingNames];
  for (const key of Object.keys(given)) {
    if (!names.includes(key)) throw new UsageError(`--set ${key}: ${game} has no such setting${didYouMean(key, names)}`);
  }
  if (typeof given.payoffs === 'object') given.payoffs = { ...defaultGameSettings(game).payoffs, ...given.payoffs };
  const parsed = gameSettings.partial().safeParse(given);
  if (!parsed.success) throw new UsageError(`--set ${firstIssue(parsed.error)}`);
  const wanted = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined)) as Partial<GameSettings>;
  const rules = await asUsage(() => sharedRules(game, specs, wanted));
  try {
    games[game].start({ ...defaultGameSettings(game, rules.prompts ?? 'short'), ...rules }, random(0));
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  return rules;
}

/** A player that cannot be made sense of is bad usage. */
async function asUsage<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof PlayerError ? new UsageError(error.message) : error;
  }
}

/** What the table does not say: acts that did not parse, and what endpoints cost. */
function remarks({ players, invalid }: MatchupsFile, opened: readonly Player[]): string[] {
  const unparsed = players.flatMap((name, row) => {
    const shares = (invalid[row] ?? []).filter((share) => share !== null);
    const mean = shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
    return mean > 0 ? [`${name}: ${(100 * mean).toFixed(1)} % of its actions did not parse and became the game’s default`] : [];
  });
  const costs = opened.flatMap((player) => (player.kind === 'chat' ? [`${player.name}: ${usageLine(player.client.usage)}`] : []));
  return [...unparsed, ...costs];
}
