import type { MeasuresFile, TrainingFile } from '../../protocol/runFiles';

/** A number that a journal line has, under the name that tables and TensorBoard give it. */
export interface Scalar<T> {
  /** `snake_case`, a column's name. */
  readonly name: string;
  read(from: T): number | null | undefined;
}

/** The measures of a policy, in the order in which they are read; null or undefined where there is no number. */
export const MEASURE_SCALARS: readonly Scalar<MeasuresFile>[] = [
  { name: 'mean_reward_0', read: ({ meanReward }) => meanReward?.[0] },
  { name: 'mean_reward_1', read: ({ meanReward }) => meanReward?.[1] },
  { name: 'joint_reward', read: ({ jointReward }) => jointReward },
  { name: 'efficiency', read: ({ efficiency }) => efficiency },
  { name: 'cooperation_rate', read: ({ cooperationRate }) => cooperationRate },
  { name: 'cooperate_after_start', read: ({ cooperateAfter }) => cooperateAfter?.start },
  { name: 'cooperate_after_cc', read: ({ cooperateAfter }) => cooperateAfter?.CC },
  { name: 'cooperate_after_cd', read: ({ cooperateAfter }) => cooperateAfter?.CD },
  { name: 'cooperate_after_dc', read: ({ cooperateAfter }) => cooperateAfter?.DC },
  { name: 'cooperate_after_dd', read: ({ cooperateAfter }) => cooperateAfter?.DD },
  { name: 'kept_when_valuing_less', read: ({ keptWhenValuingLess }) => keptWhenValuingLess },
  { name: 'kept_when_valuing_more', read: ({ keptWhenValuingMore }) => keptWhenValuingMore },
  { name: 'states_hand_rate', read: ({ statesHandRate }) => statesHandRate },
  { name: 'truthful_rate', read: ({ truthfulRate }) => truthfulRate },
  { name: 'valid_mass', read: ({ validMass }) => validMass },
  { name: 'entropy', read: ({ entropy }) => entropy },
  { name: 'kl', read: ({ kl }) => kl },
];

/** What an optimizer step reported. */
export const TRAINING_SCALARS: readonly Scalar<TrainingFile>[] = [
  { name: 'loss', read: ({ loss }) => loss },
  { name: 'grad_norm', read: ({ gradNorm }) => gradNorm },
  { name: 'rho_max', read: ({ rhoMax }) => rhoMax },
  { name: 'rho_clip_fraction', read: ({ rhoClipFraction }) => rhoClipFraction },
  { name: 'sampler_trainer_gap', read: ({ samplerTrainerGap }) => samplerTrainerGap },
  { name: 'rms_own', read: ({ rmsOwn }) => rmsOwn },
  { name: 'rms_alignment', read: ({ rmsAlignment }) => rmsAlignment },
  { name: 'sign_flip', read: ({ signFlip }) => signFlip },
  { name: 'retries', read: ({ retries }) => retries },
  { name: 'sequences', read: ({ sequences }) => sequences },
  { name: 'sampled_tokens', read: ({ sampledTokens }) => sampledTokens },
  { name: 'trained_tokens', read: ({ trainedTokens }) => trainedTokens },
];
