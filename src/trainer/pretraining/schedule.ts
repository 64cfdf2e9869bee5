import { GAME_IDS } from '../../domain/games';
import type { GameId } from '../../domain/games/game';
import { BROAD_SHARES, PRETRAINING_MIXES, type PretrainingMix, sharingMix } from '../../domain/players';
import type { PolicyFolder } from '../../runs/embeddedPolicy';

/** What one game contributes to every step of a stage. */
export interface Lessons {
  /** Negotiations a step. */
  readonly negotiations: number;
  /** Whose transcripts. */
  readonly mix: PretrainingMix;
  /** Rounds of a negotiation, where not the game's own number: short transcripts teach what does not hang on past rounds at a fraction of the cost. */
  readonly rounds?: number;
}

/** One stretch of pretraining. */
export interface Stage {
  /** Also names its random numbers. */
  readonly name: string;
  readonly steps: number;
  /** Highest learning rate; warmed up over 20 steps, then, from 60 % on, falling to 5 % of it. */
  readonly learningRate: number;
  readonly games: Readonly<Partial<Record<GameId, Lessons>>>;
}

/** How one embedded policy is made. */
export interface Pretraining {
  /** It knows this many words, from the beginning of `VOCABULARY`: words appended for a later game leave its bytes alone. */
  readonly vocabulary: number;
  readonly stages: readonly Stage[];
}

/** Negotiations a step of some games, whose transcripts are by one of the games' own mixes. */
function lessons(mix: 'broad' | 'final', negotiations: Readonly<Partial<Record<GameId, number>>>): Stage['games'] {
  return Object.fromEntries(
    GAME_IDS.flatMap((game) => {
      const count = negotiations[game];
      return count === undefined ? [] : [[game, { negotiations: count, mix: PRETRAINING_MIXES[game][mix] }]];
    }),
  );
}

/**
 * The embedded policies by folder under media/policies. Each is made by a broad mix first, until hands are compared rightly,
 * then by a short stretch on the mix whose reciprocity training is to start from. One model for all games costs the
 * Iterated Prisoner's Dilemma its stable end: see docs/embedded-policy.md.
 */
export const POLICIES: Readonly<Record<PolicyFolder, Pretraining>> = {
  seed: {
    vocabulary: 69,
    stages: [
      { name: 'broad', steps: 1500, learningRate: 3e-3, games: lessons('broad', { ipd: 12 }) },
      { name: 'final', steps: 320, learningRate: 1e-3, games: lessons('final', { ipd: 16 }) },
    ],
  },
  'seed-split': {
    vocabulary: 69,
    stages: [
      { name: 'broad', steps: 700, learningRate: 3e-3, games: lessons('broad', { split: 24 }) },
      {
        name: 'final',
        steps: 200,
        learningRate: 1e-3,
        games: { split: { negotiations: 24, mix: sharingMix({ generous: 0.2, fair: 0.3, greedy: 0.28, reciprocal: 0.22 }) } },
      },
    ],
  },
  'seed-trust': {
    vocabulary: 69,
    stages: [
      { name: 'broad', steps: 900, learningRate: 3e-3, games: lessons('broad', { 'trust-and-split': 24 }) },
      {
        name: 'final',
        steps: 250,
        learningRate: 1e-3,
        games: {
          'trust-and-split': { negotiations: 24, mix: sharingMix({ generous: 0.2, fair: 0.25, greedy: 0.25, reciprocal: 0.3 }) },
        },
      },
    ],
  },
  // Three numbers that the stock allows have to be looked up in it: learned on short negotiations, at a quarter of the cost.
  'seed-deal': {
    vocabulary: 69,
    stages: [
      {
        name: 'short',
        steps: 2200,
        learningRate: 3e-3,
        games: { 'deal-or-no-deal': { negotiations: 24, mix: sharingMix(BROAD_SHARES, 0.1), rounds: 4 } },
      },
      {
        name: 'broad',
        steps: 400,
        learningRate: 2e-3,
        games: { 'deal-or-no-deal': { negotiations: 12, mix: sharingMix(BROAD_SHARES, 0.1) } },
      },
      {
        name: 'final',
        steps: 250,
        learningRate: 1e-3,
        games: {
          'deal-or-no-deal': { negotiations: 16, mix: sharingMix({ generous: 0.25, fair: 0.3, greedy: 0.2, reciprocal: 0.25 }, 0.05) },
        },
      },
    ],
  },
  'seed-sharing': {
    vocabulary: 69,
    stages: [
      {
        name: 'broad',
        steps: 1500,
        learningRate: 3e-3,
        games: lessons('broad', { ipd: 12, split: 6, 'trust-and-split': 14, 'trust-and-split-values': 6, 'deal-or-no-deal': 8 }),
      },
      {
        name: 'final',
        steps: 320,
        learningRate: 1e-3,
        games: lessons('final', { ipd: 16, split: 8, 'trust-and-split': 12, 'trust-and-split-values': 6, 'deal-or-no-deal': 10 }),
      },
    ],
  },
};

/** The learning rate of a 1-based step of a stage. */
export function learningRate({ steps, learningRate: highest }: Stage, step: number): number {
  const warm = Math.min(1, step / 20);
  const cooling = 0.6 * steps;
  const cool = step > cooling ? 1 - (0.95 * (step - cooling)) / (steps - cooling) : 1;
  return highest * warm * cool;
}

/** The games of a stage with what each contributes, in the games' order. */
export function stageLessons(stage: Stage): [GameId, Lessons][] {
  return GAME_IDS.flatMap((game) => {
    const own = stage.games[game];
    return own ? [[game, own]] : [];
  });
}

/** The games that a policy is pretrained on, in their order. */
export function pretrainedGames({ stages }: Pretraining): GameId[] {
  return GAME_IDS.filter((game) => stages.some((stage) => stage.games[game]));
}
