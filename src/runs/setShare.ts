import type { RunConfig } from '../protocol/runConfig';
import type { TrainParams } from '../protocol/trainer';
import { shareCores } from './trainers';

/** How a set's runs share a machine. */
export interface SetShare {
  /** Runs at once. */
  readonly jobs: number;
  /** Of each. */
  readonly threads: number;
}

/** What decides how a set's runs share a machine; `jobs` and `threads` where somebody said so. */
export interface ShareRequest {
  readonly cores: number;
  readonly runs: number;
  readonly device: TrainParams['device'];
  readonly policy: RunConfig['policy'];
  readonly jobs?: number | undefined;
  readonly threads?: number | undefined;
}

/**
 * As many runs at once as there are cores for, with a thread each where cores are few: runs side by side waste nothing,
 * threads of one run wait for each other. One at a time where a run fills a GPU or the memory: on a device other than the
 * processor, and with a model of one's own.
 */
export function shareSet({ cores, runs, device, policy, jobs, threads }: ShareRequest): SetShare {
  const small = policy === 'embedded' && (device === 'auto' || device === 'cpu');
  const room = Math.max(1, Math.floor(cores / (threads ?? 1)));
  const atOnce = Math.min(runs, jobs ?? (small ? room : 1));
  return { jobs: atOnce, threads: threads ?? shareCores(cores, atOnce).threads };
}
