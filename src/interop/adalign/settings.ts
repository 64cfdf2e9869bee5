import { promises as fs } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Algorithm, CreditSettings } from '../../domain/advantage';
import type { GameId } from '../../domain/games/game';

/** Settings to confirm before advantages are recomputed, and where each came from. */
export interface ProposedSettings {
  readonly settings: CreditSettings;
  /** Settings read from the run's own configuration; the others are the paper's for this game. */
  readonly found: readonly (keyof CreditSettings)[];
}

/** γ, β and reward scale of the paper's experiments (arXiv 2511.19405). */
const PAPER: Readonly<Record<GameId, Pick<CreditSettings, 'gamma' | 'beta' | 'rewardScale'>>> = {
  ipd: { gamma: 0.9, beta: 0.5, rewardScale: 5 },
  split: { gamma: 0.9, beta: 1, rewardScale: 100 },
  'trust-and-split': { gamma: 0.96, beta: 2, rewardScale: 100 },
  'trust-and-split-values': { gamma: 0.96, beta: 2, rewardScale: 100 },
  'deal-or-no-deal': { gamma: 0.96, beta: 2, rewardScale: 10 },
};

/**
 * Settings for a run folder: those in the configuration that Hydra kept beside the run (`.hydra/config.yaml`), else the paper's.
 */
export async function proposeSettings(dir: string, game: GameId | undefined): Promise<ProposedSettings> {
  const defaults: CreditSettings = {
    algorithm: 'aa',
    ...PAPER[game ?? 'trust-and-split'],
    baseline: 'group',
    matchedGamma: false,
  };
  const config = (await readText(join(dir, '.hydra', 'config.yaml'))) ?? (await readText(join(dirname(dir), '.hydra', 'config.yaml')));
  const stated = config === null ? {} : statedSettings(config);
  return { settings: { ...defaults, ...stated }, found: Object.keys(stated) as (keyof CreditSettings)[] };
}

/** Settings that a configuration of AdAlignLLM's states, found by key: they stand once, under `trainers`. */
function statedSettings(yaml: string): Partial<CreditSettings> {
  const value = (key: string): string | undefined => new RegExp(`^\\s*${key}:[ \\t]*['"]?([^\\s'"#]+)`, 'm').exec(yaml)?.[1];
  const number = (key: string): number | undefined => {
    const n = Number(value(key) ?? Number.NaN);
    return Number.isFinite(n) ? n : undefined;
  };
  const algorithm = algorithmOf(/^\s*class:[ \t]*(Trainer\w+)/m.exec(yaml)?.[1], value('ad_align_exclude_k_equals_t'));
  const gamma = (algorithm === 'aa' || algorithm === 'aa-jit' ? number('ad_align_gamma') : undefined) ?? number('discount_factor');
  const beta = number('ad_align_beta');
  const rewardScale = number('reward_normalizing_constant');
  return {
    ...(algorithm !== undefined && { algorithm }),
    ...(gamma !== undefined && gamma >= 0 && gamma <= 1 && { gamma }),
    ...(beta !== undefined && { beta }),
    ...(rewardScale !== undefined && rewardScale > 0 && { rewardScale }),
  };
}

function algorithmOf(trainer: string | undefined, excludesSameRound: string | undefined): Algorithm | undefined {
  if (trainer === 'TrainerNaive') return 'rl';
  if (trainer === 'TrainerSumRewards') return 'sum';
  if (trainer === 'TrainerAdAlign') return excludesSameRound?.toLowerCase() === 'false' ? 'aa-jit' : 'aa';
  return undefined;
}

async function readText(path: string): Promise<string | null> {
  try {
    return await fs.readFile(path, 'utf8');
  } catch {
    return null;
  }
}
