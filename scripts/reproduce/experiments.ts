import type { GameId } from '../../src/domain/games/game';
import type { Algorithm } from '../../src/protocol/runConfig';
import type { Settings } from '../../src/runs/presets';

/** One way of training a policy, repeated over seeds. */
export interface Experiment {
  /** Part of folder names, and how findings refer to it. */
  readonly id: string;
  /** What it is, for a table. */
  readonly title: string;
  readonly game: GameId;
  readonly algorithm: Algorithm;
  readonly preset: string;
  readonly iterations: number;
  /** Over the preset's. */
  readonly settings: Settings;
  /** Ablations are looked at on fewer seeds than findings. */
  readonly seeds?: number;
  /** The experiment whose final policy of the same seed is the fixed opponent. */
  readonly against?: string;
}

/** Games whose findings the paper reports, and how long each is trained: long enough to be where it stays. */
const TRAINED = [
  { game: 'ipd', iterations: 200 },
  { game: 'split', iterations: 120 },
  { game: 'trust-and-split', iterations: 100 },
] as const;

const ALGORITHMS = ['rl', 'aa', 'sum'] as const;

/** The experiments of the paper's findings, in the order in which they are run: one that plays against another comes after it. */
export const EXPERIMENTS: readonly Experiment[] = [
  ...TRAINED.flatMap(({ game, iterations }) =>
    ALGORITHMS.map(
      (algorithm): Experiment => ({
        id: `${game}-${algorithm}`,
        title: algorithm,
        ...{ game, algorithm, iterations },
        preset: 'embedded',
        settings: {},
      }),
    ),
  ),
  variant('ipd-aa-jit', 'aa-jit: k ≤ t, as in the paper’s first version', 'aa-jit', {}),
  variant('ipd-aa-jit-matched', 'aa-jit with the extra γ of aa, so that only the sum differs', 'aa-jit', { matchedGamma: true }),
  variant('ipd-aa-batch', 'aa with the baseline over the whole batch', 'aa', { baseline: 'batch' }),
  variant('ipd-aa-no-buffer', 'aa without the agent buffer', 'aa', { buffer: { enabled: false } }),
  {
    id: 'ipd-rl-against-aa',
    title: 'rl trained against the frozen aa policy of its seed',
    game: 'ipd',
    algorithm: 'rl',
    preset: 'best-response',
    iterations: 200,
    settings: {},
    against: 'ipd-aa',
  },
];

function variant(id: string, title: string, algorithm: Algorithm, settings: Settings): Experiment {
  return { id, title, game: 'ipd', algorithm, preset: 'embedded', iterations: 200, settings, seeds: 3 };
}

/** Seeds that findings are reported on. Presets were tuned on others: 0 and from 100 on. */
export const REPORTED_SEEDS: readonly number[] = [10, 11, 12, 13, 14];

/** The folder of a training, relative to that of the reproduction. */
export function trainingFolder(experiment: Pick<Experiment, 'id'>, seed: number): string {
  return `${experiment.id}-${seed}`;
}
