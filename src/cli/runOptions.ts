import { resolve } from 'node:path';
import { GAME_IDS } from '../domain/games';
import { hasChatOpponent, hasFixedOpponent, SELF } from '../protocol/opponent';
import { type Algorithm, algorithm, type RunConfig } from '../protocol/runConfig';
import type { TrainParams } from '../protocol/trainer';
import { ConfigError, listPresets, parseAssignments, resolveConfig } from '../runs/presets';
import { freeRunIds } from '../runs/runIds';
import { parseSeeds, SeedsError } from '../runs/seeds';
import { findOpponent } from '../trainer/players/opponent';
import { PlayerError } from '../trainer/players/playerError';
import { APIS_OPTION, readApis } from './apis';
import { type Arguments, didYouMean, type OptionSpec, UsageError } from './arguments';
import { SERVER_OPTIONS, serverLayers } from './serverOptions';
import type { Terminal } from './terminal';

/** How many runs of a set train side by side. */
export const JOBS_OPTION: OptionSpec = { name: 'jobs', value: 'N', about: 'runs of a set at once (default: as many as the cores allow)' };

/** Options of every command that begins runs. */
export const RUN_OPTIONS: readonly OptionSpec[] = [
  { name: 'game', value: 'GAME', about: `${GAME_IDS.join(', ')} (default ipd)` },
  { name: 'iterations', value: 'N', about: 'how many, instead of the preset’s number' },
  { name: 'seed', value: 'N', about: 'seed of every random number of the run (default 0)' },
  { name: 'policy', value: 'DIR', about: 'a Hugging Face model folder, or embedded (default)' },
  {
    name: 'opponent',
    value: 'PLAYER',
    about:
      'a fixed player in the other seat, instead of the policy itself: a run folder\n(or RUN@ITERATION), a checkpoint folder, seed, scripted:NAME or api:NAME',
  },
  APIS_OPTION,
  {
    name: 'preset',
    value: 'NAME',
    about:
      'embedded (default), paper (default with --engine tinker), best-response (default\nwith --opponent), against-api (default with api:NAME), or the path of a JSON preset',
  },
  {
    name: 'set',
    value: 'KEY=VALUE',
    repeats: true,
    about: 'one setting over the preset’s, such as learningRate=0.0005 or\nbuffer.every=5; may be given more than once',
  },
  ...SERVER_OPTIONS,
  { name: 'out', value: 'DIR', about: 'the run’s folder (default .parley/runs/TIME-GAME-ALGORITHM)' },
];

/** Options of commands that can train a run set. */
export const SET_OPTIONS: readonly OptionSpec[] = [
  { name: 'seeds', value: 'SEEDS', about: 'a run for each, such as 0-4 or 1,3,5: a run set' },
  JOBS_OPTION,
];

/** Options of every command that computes. */
export const MACHINE_OPTIONS: readonly OptionSpec[] = [
  { name: 'threads', value: 'N', about: 'intra-op threads (default: the cores there are, shared among the runs)' },
  { name: 'device', value: 'DEVICE', about: 'auto (default), cpu, webgpu, cuda, dml, coreml' },
  { name: 'onnxruntime-path', value: 'DIR', about: 'another onnxruntime-node, such as one with CUDA' },
];

/** Reads `--seeds`; undefined where one run is wanted. @throws UsageError */
export function readSeeds(args: Arguments): number[] | undefined {
  const text = args.text('seeds');
  if (text === undefined) return undefined;
  if (args.has('seed')) throw new UsageError('--seed and --seeds are both given: one run needs the one, a run set the other');
  try {
    return parseSeeds(text);
  } catch (error) {
    throw error instanceof SeedsError ? new UsageError(`--seeds ${text}: ${error.message}`) : error;
  }
}

/** Reads `--algorithms`; undefined where it is not given. @throws UsageError naming the nearest algorithm */
export function readAlgorithms(args: Arguments): Algorithm[] | undefined {
  const text = args.text('algorithms');
  if (text === undefined) return undefined;
  if (args.has('algorithm'))
    throw new UsageError('--algorithm and --algorithms are both given: one run needs the one, a run set the other');
  const words = text.split(',').map((word) => word.trim());
  return [...new Set(words)].map((word) => {
    const known = ALGORITHMS.find((each) => each === word);
    if (known === undefined) throw new UsageError(`--algorithms ${text}: there is no algorithm "${word}"${didYouMean(word, ALGORITHMS)}`);
    return known;
  });
}

const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;

/** Where a run computes. */
export interface Machine {
  readonly device: TrainParams['device'];
  readonly onnxruntimePath?: string;
  readonly threads?: number;
}

/** Reads `MACHINE_OPTIONS`. @throws UsageError */
export function readMachine(args: Arguments): Machine {
  const threads = args.count('threads', 1);
  const path = args.text('onnxruntime-path');
  return {
    device: args.choice('device', DEVICES) ?? 'auto',
    ...(threads !== undefined && { threads }),
    ...(path !== undefined && { onnxruntimePath: resolve(path) }),
  };
}

/**
 * Resolves `RUN_OPTIONS` to one configuration for each algorithm, with its opponent looked up and pinned to an iteration.
 * @throws UsageError
 */
export async function readConfigs(
  args: Arguments,
  algorithms: readonly Algorithm[],
  { media }: Terminal,
  seed?: number,
): Promise<RunConfig[]> {
  const game = args.choice('game', GAME_IDS) ?? 'ipd';
  const written = args.text('opponent');
  // Looked up as it was written, so that what is misspelt is named as it was written.
  const opponent = written === undefined || written === SELF ? written : await pinned(args, { game, opponent: written });
  const server = serverLayers(args);
  const preset = args.text('preset') ?? (args.text('engine') === 'tinker' ? 'paper' : presetAgainst(opponent));
  const named = listPresets(media, game).map(({ name }) => name);
  if (!preset.includes('.') && !preset.includes('/') && !named.includes(preset)) {
    throw new UsageError(`--preset ${preset}: there is no such preset for ${game}${didYouMean(preset, named)}`);
  }
  const policy = args.text('policy');
  const iterations = args.count('iterations', 1);
  try {
    const layers = [
      parseAssignments(args.texts('set'), '--set'),
      ...server,
      ...(policy === undefined ? [] : [{ source: '--policy', settings: { policy: policy === 'embedded' ? policy : resolve(policy) } }]),
      ...(iterations === undefined ? [] : [{ source: '--iterations', settings: { iterations } }]),
      ...(opponent === undefined ? [] : [{ source: '--opponent', settings: { opponent } }]),
    ];
    const request = { game, seed: seed ?? args.count('seed') ?? 0, preset, layers };
    const configs = algorithms.map((rule) => resolveConfig(media, { ...request, algorithm: rule }));
    return await Promise.all(
      configs.map(async (config) => (hasFixedOpponent(config) ? { ...config, opponent: await pinned(args, config) } : config)),
    );
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

/** The endpoints that a run needs, whose keys stay in the environment. @throws UsageError */
export function readReach(args: Arguments, config: Pick<RunConfig, 'opponent'> | undefined): Pick<TrainParams, 'apis'> {
  return config !== undefined && hasChatOpponent(config) ? { apis: readApis(args) } : {};
}

/** @throws UsageError for a player that is none, or an endpoint without its key */
async function pinned(args: Arguments, config: Pick<RunConfig, 'game' | 'opponent'>): Promise<string> {
  try {
    return (await findOpponent(config, readReach(args, config))).pinned;
  } catch (error) {
    throw error instanceof PlayerError ? new UsageError(error.message) : error;
  }
}

function presetAgainst(opponent: string | undefined): string {
  if (opponent === undefined || opponent === SELF) return 'embedded';
  return hasChatOpponent({ opponent }) ? 'against-api' : 'best-response';
}

/** Algorithms by id, for `--algorithm`. */
export const ALGORITHMS = algorithm.options;

/** The folders of runs that are begun: `--out`, or free names under .parley/runs. */
export function defaultFolders(configs: readonly RunConfig[]): string[] {
  const root = resolve('.parley/runs');
  return freeRunIds(root, configs, new Date()).map((id) => resolve(root, id));
}
