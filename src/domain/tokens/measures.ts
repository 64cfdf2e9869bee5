import { push } from '../advantage/push';
import type { TokenColumns } from './columns';

/** What measures need of a turn: its credit, null before there is one, and its tokens. */
export interface MeasuredTurn {
  readonly trained: boolean;
  readonly credit: { readonly own: number; readonly alignment: number; readonly credit: number } | null;
  readonly tokens: Omit<TokenColumns, 'ids' | 'forced'>;
}

/** What may colour the tokens. */
export type MeasureId = 'push' | 'credit' | 'own' | 'alignment' | 'logProb' | 'kl' | 'entropy' | 'validMass';

/** A number that every token has, and how it is read. */
export interface Measure {
  readonly id: MeasureId;
  readonly label: string;
  /** One sentence for the legend. */
  readonly meaning: string;
  /** Diverging scales have a sign; sequential ones start at zero. */
  readonly scale: 'diverging' | 'sequential';
  /** The value, or null where the token has none (untrained, forced, preview). */
  value(turn: MeasuredTurn, token: number): number | null;
}

const column = (values: readonly number[], token: number): number | null => values[token] ?? null;

/** log π that training used, or the sampler's where the turn was not trained. */
export function trainingLogProb(turn: MeasuredTurn, token: number): number | null {
  return column(turn.tokens.trainLogProbs, token) ?? column(turn.tokens.logProbs, token);
}

/** The push on one token (`domain/advantage`), null without a credit or a log-probability. */
export function tokenPush(turn: MeasuredTurn, token: number): number | null {
  const logProb = trainingLogProb(turn, token);
  if (turn.credit === null || logProb === null || !turn.trained) return null;
  return push(turn.credit.credit, logProb, column(turn.tokens.ratios, token) ?? 1);
}

/** log π / π_ref of one token, nats. */
export function logRatio(turn: MeasuredTurn, token: number): number | null {
  const logProb = column(turn.tokens.logProbs, token);
  const reference = column(turn.tokens.referenceLogProbs, token);
  return logProb === null || reference === null ? null : logProb - reference;
}

/** Every measure, in the order of the switch; the first is the default. */
export const MEASURES: readonly Measure[] = [
  {
    id: 'push',
    label: 'push',
    meaning: 'where the update moves this token’s own logit: min(ρ, 2) · credit · (1 − π)',
    scale: 'diverging',
    value: tokenPush,
  },
  {
    id: 'credit',
    label: 'credit',
    meaning: 'what multiplies ∇ log π: own advantage + alignment term',
    scale: 'diverging',
    value: (turn) => turn.credit?.credit ?? null,
  },
  {
    id: 'own',
    label: 'own advantage',
    meaning: 'A¹: return minus the seed group’s baseline',
    scale: 'diverging',
    value: (turn) => turn.credit?.own ?? null,
  },
  {
    id: 'alignment',
    label: 'alignment term',
    meaning: 'β · w · A²: what answering the opponent is worth',
    scale: 'diverging',
    value: (turn) => turn.credit?.alignment ?? null,
  },
  {
    id: 'logProb',
    label: 'surprise',
    meaning: '−log π of the sampled token, nats',
    scale: 'sequential',
    value: (turn, token) => negated(column(turn.tokens.logProbs, token)),
  },
  {
    id: 'kl',
    label: 'log ratio to reference',
    meaning: 'log π − log π of the reference, nats',
    scale: 'diverging',
    value: logRatio,
  },
  {
    id: 'entropy',
    label: 'entropy',
    meaning: 'entropy of the next-token distribution, nats',
    scale: 'sequential',
    value: (turn, token) => column(turn.tokens.entropies, token),
  },
  {
    id: 'validMass',
    label: 'invalid mass',
    meaning: 'probability that the unmasked policy gave to forbidden tokens',
    scale: 'sequential',
    value: (turn, token) => {
      const mass = column(turn.tokens.validMass, token);
      return mass === null ? null : 1 - mass;
    },
  },
];

function negated(value: number | null): number | null {
  return value === null ? null : -value;
}

/** The measure of an id. */
export function measureOf(id: MeasureId): Measure {
  return MEASURES.find((measure) => measure.id === id) ?? MEASURES[0]!;
}

/** Steps at which a scale may end, times a power of ten. */
const NICE = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
/** With this many values, the outermost thirtieth may saturate. */
const CLIP_FROM = 60;

/** The finest scale there is: a value of this size is the last that numbers of two decimals show. */
const LEAST_SCALE = 0.01;

/**
 * The value at which the colour is full, rounded up so that the legend reads well and colours hold still while a
 * negotiation grows; `clipped` where a few outliers lie beyond, which would otherwise leave everything else pale.
 */
export function fullScale(measure: Measure, turns: readonly MeasuredTurn[]): { readonly full: number; readonly clipped: boolean } {
  const sizes: number[] = [];
  for (const turn of turns) {
    for (let token = 0; token < turn.tokens.texts.length; token++) {
      const value = measure.value(turn, token);
      if (value !== null && Number.isFinite(value) && value !== 0) sizes.push(Math.abs(value));
    }
  }
  if (sizes.length === 0) return { full: 1, clipped: false };
  sizes.sort((a, b) => a - b);
  const largest = sizes.at(-1)!;
  // Where training has nothing left to say, its last millionths are not painted as if they were something.
  const aim = Math.max(LEAST_SCALE, sizes.length < CLIP_FROM ? largest : sizes[Math.floor((sizes.length - 1) * (29 / 30))]!);
  const power = 10 ** Math.floor(Math.log10(aim));
  const step = NICE.find((candidate) => aim <= candidate * power * (1 + 1e-9)) ?? 10;
  // Written out again as a decimal, so that 3 · 0.1 is 0.3.
  const full = Number((step * power).toPrecision(3));
  return { full, clipped: largest > full * (1 + 1e-9) };
}
