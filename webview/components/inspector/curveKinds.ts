import { learnerReward, SELF } from '../../../src/protocol/opponent';
import type { CurvePoint, RunView } from '../../../src/protocol/webview';
import { plain } from '../numbers';

/** A number that a curve can show. */
export interface CurveKind {
  readonly id: string;
  readonly title: string;
  /** What it is, in a few words. */
  readonly meaning: string;
  /** Fixed range; taken from the data where it is absent. */
  readonly range?: readonly [number, number];
  readonly format: (value: number) => string;
  readonly value: (point: CurvePoint, run: Pick<RunView, 'opponent'>) => number | null | undefined;
}

const digits =
  (count: number) =>
  (value: number): string =>
    plain(value, count);
/** Three figures, whatever the size. */
const figures = (value: number): string =>
  value !== 0 && (Math.abs(value) < 0.01 || Math.abs(value) >= 10_000) ? value.toExponential(1).replaceAll('-', '−') : plain(value, 3);

const SHARE = { range: [0, 1], format: digits(2) } as const;

/** Everything that is measured over training, in the order in which it is offered. */
export const CURVE_KINDS: readonly CurveKind[] = [
  {
    id: 'reward',
    title: 'Reward per round',
    meaning: 'points a round and player, of the live policy',
    format: digits(2),
    value: ({ measures }, { opponent = SELF }) => learnerReward({ opponent }, measures),
  },
  {
    id: 'cooperation',
    title: 'Cooperation rate',
    meaning: 'share of rounds in which the policy cooperates',
    ...SHARE,
    value: ({ measures }) => measures.cooperationRate,
  },
  {
    id: 'efficiency',
    title: 'Efficiency',
    meaning: 'joint reward ÷ best possible joint reward',
    ...SHARE,
    value: ({ measures }) => measures.efficiency,
  },
  {
    id: 'keptLess',
    title: 'Kept when valuing less',
    meaning: 'units proposed for oneself where the other values them more',
    format: digits(1),
    value: ({ measures }) => measures.keptWhenValuingLess,
  },
  {
    id: 'keptMore',
    title: 'Kept when valuing more',
    meaning: 'units proposed for oneself where one values them more',
    format: digits(1),
    value: ({ measures }) => measures.keptWhenValuingMore,
  },
  {
    id: 'joint',
    title: 'Joint reward',
    meaning: 'points a round, both together',
    format: digits(2),
    value: ({ measures }) => measures.jointReward,
  },
  {
    id: 'statesHand',
    title: 'States the hand',
    meaning: 'share of rounds in which a message states the hand',
    ...SHARE,
    value: ({ measures }) => measures.statesHandRate,
  },
  {
    id: 'truthful',
    title: 'Truthful about the hand',
    meaning: 'share of stated hands that are true',
    ...SHARE,
    value: ({ measures }) => measures.truthfulRate,
  },
  {
    id: 'validMass',
    title: 'Valid mass',
    meaning: 'probability of a valid turn, unmasked',
    ...SHARE,
    value: ({ measures }) => measures.validMass,
  },
  {
    id: 'entropy',
    title: 'Entropy',
    meaning: 'of the next-token distribution, nats a token',
    format: digits(3),
    value: ({ measures }) => measures.entropy,
  },
  {
    id: 'kl',
    title: 'KL to the base model',
    meaning: 'nats a token',
    format: digits(3),
    value: ({ measures }) => measures.kl,
  },
  {
    id: 'rmsOwn',
    title: 'Own advantage, RMS',
    meaning: 'root mean square over trained rounds',
    format: figures,
    value: ({ training }) => training?.rmsOwn,
  },
  {
    id: 'rmsAlignment',
    title: 'Alignment term, RMS',
    meaning: 'root mean square over trained rounds',
    format: figures,
    value: ({ training }) => training?.rmsAlignment,
  },
  {
    id: 'signFlip',
    title: 'Sign flips',
    meaning: 'share of rounds whose alignment term reverses the own advantage',
    ...SHARE,
    value: ({ training }) => training?.signFlip,
  },
  { id: 'loss', title: 'Loss', meaning: 'of the optimizer step', format: figures, value: ({ training }) => training?.loss },
  { id: 'gradNorm', title: 'Gradient norm', meaning: 'before clipping', format: figures, value: ({ training }) => training?.gradNorm },
  {
    id: 'rhoMax',
    title: 'Largest ρ',
    meaning: 'importance ratio of trainer to sampler, before truncation',
    format: figures,
    value: ({ training }) => training?.rhoMax,
  },
  {
    id: 'samplerGap',
    title: 'Sampler–trainer gap',
    meaning: 'largest difference of log-probabilities, nats',
    format: figures,
    value: ({ training }) => training?.samplerTrainerGap,
  },
  { id: 'seconds', title: 'Seconds an iteration', meaning: 'wall clock', format: figures, value: ({ seconds }) => seconds },
];

/**
 * The four that a reader sees first, by game; in place of those that a run has no numbers for (an imported one, say), others that it has.
 * @param there ids of `kindsThere`; empty while that is not known
 */
export function kindsByDefault(game: string, there: readonly string[]): readonly string[] {
  const standard = [...(game === 'ipd' ? ['reward', 'cooperation'] : ['efficiency', 'keptLess']), 'entropy', 'rmsAlignment'];
  const spare = there.filter((id) => !standard.includes(id));
  return standard.map((id) => (there.length === 0 || there.includes(id) ? id : (spare.shift() ?? id)));
}

/** Those of which some point has a number. */
export function kindsThere(points: readonly CurvePoint[], run: Pick<RunView, 'opponent'>): CurveKind[] {
  // The last points have what all have; only measures that could not be computed yet may be further back.
  const some = points.slice(-20);
  return CURVE_KINDS.filter(({ value }) => some.some((point) => typeof value(point, run) === 'number'));
}
