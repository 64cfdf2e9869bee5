import { games } from '../../domain/games';
import type { GameId } from '../../domain/games/game';
import { PRETRAINING_MIXES, type PretrainingMix } from '../../domain/players';

/** One stretch of pretraining. */
export interface Stage {
  readonly name: string;
  readonly steps: number;
  /** Highest learning rate; warmed up over 20 steps, then, from 60 % on, falling to 5 % of it. */
  readonly learningRate: number;
  /** Negotiations a step, by game. */
  readonly negotiations: Readonly<Partial<Record<GameId, number>>>;
  /** Whose transcripts. */
  readonly mix: (game: GameId) => PretrainingMix;
}

/**
 * How the embedded policy is made: a broad mix until hands are compared rightly, then a short stretch on the mix whose
 * reciprocity training is to start from.
 */
export const STAGES: readonly Stage[] = [
  {
    name: 'broad',
    steps: 1500,
    learningRate: 3e-3,
    negotiations: { ipd: 12, split: 6, 'trust-and-split': 14, 'trust-and-split-values': 6, 'deal-or-no-deal': 8 },
    mix: (game) => PRETRAINING_MIXES[game].broad,
  },
  {
    name: 'final',
    steps: 320,
    learningRate: 1e-3,
    negotiations: { ipd: 16, split: 8, 'trust-and-split': 12, 'trust-and-split-values': 6, 'deal-or-no-deal': 10 },
    mix: (game) => PRETRAINING_MIXES[game].final,
  },
];

/**
 * The embedded policies by folder under media/policies, and the games that each is pretrained on. One model for all costs
 * the Iterated Prisoner's Dilemma its stable end: see docs/embedded-policy.md.
 */
export const POLICIES: Readonly<Record<string, readonly GameId[]>> = {
  seed: ['ipd'],
  'seed-sharing': ['ipd', 'split', 'trust-and-split', 'trust-and-split-values', 'deal-or-no-deal'],
};

/** The learning rate of a 1-based step of a stage. */
export function learningRate({ steps, learningRate: highest }: Stage, step: number): number {
  const warm = Math.min(1, step / 20);
  const cooling = 0.6 * steps;
  const cool = step > cooling ? 1 - (0.95 * (step - cooling)) / (steps - cooling) : 1;
  return highest * warm * cool;
}

/** The games of a stage that are wanted, in a fixed order. */
export function stageGames(stage: Stage, wanted: readonly GameId[]): GameId[] {
  return (Object.keys(games) as GameId[]).filter((game) => wanted.includes(game) && (stage.negotiations[game] ?? 0) > 0);
}
