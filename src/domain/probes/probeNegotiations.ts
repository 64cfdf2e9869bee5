import type { GameId } from '../games/game';

/** A negotiation that every policy of a game is put through. */
export interface ProbeNegotiation {
  /** Unique in its game; a file's name. */
  readonly name: string;
  /** The scripted player that has the second seat; null: the policy has both. */
  readonly opponent: string | null;
  /** Whether the policy takes its likeliest answers; else it draws them. */
  readonly greedy: boolean;
  /** What the deal and the draws are keyed by. */
  readonly seed: number;
}

/** Seeds of the sampled negotiations. */
const SEEDS = [0, 1, 2, 3];

const CHOICE_OPPONENTS = ['always-cooperate', 'always-defect', 'tit-for-tat'];
const SHARING_OPPONENTS = ['generous', 'fair', 'greedy', 'reciprocal'];

/** The probe negotiations of a game: against itself greedily and by some seeds, and greedily against scripted players. */
export function probeNegotiations(game: GameId): ProbeNegotiation[] {
  const opponents = game === 'ipd' ? CHOICE_OPPONENTS : SHARING_OPPONENTS;
  return [
    { name: 'self, greedy', opponent: null, greedy: true, seed: 0 },
    ...SEEDS.map((seed) => ({ name: `self, seed ${seed}`, opponent: null, greedy: false, seed })),
    ...opponents.map((opponent) => ({ name: `against ${opponent}`, opponent, greedy: true, seed: 0 })),
  ];
}
