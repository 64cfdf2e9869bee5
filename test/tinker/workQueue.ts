import { setImmediate as nextTask } from 'node:timers/promises';
import type { RequestOf } from './requests';
import { answerSamples, OperationFailed, type Sampled } from './serverModel';

/** What a request or a future comes to. */
export interface Outcome {
  readonly status: number;
  readonly body: unknown;
}

/** What waits to be computed. */
export type Job =
  | { readonly kind: 'sample'; readonly session: string; readonly body: RequestOf<'/asample'>; done(outcome: Outcome): void }
  | { readonly kind: 'work'; readonly run: () => Promise<object>; done(outcome: Outcome): void };

export function ok(body: object): Outcome {
  return { status: 200, body };
}

/** Computes one job after another; what waits to be sampled from the same weights goes together. */
export class WorkQueue {
  readonly #jobs: Job[] = [];
  #working: Promise<void> = Promise.resolve();

  constructor(
    private readonly samplerOf: (session: string) => Sampled | undefined,
    private readonly leadingNull: boolean,
  ) {}

  /** Resolves once what was asked so far is done. */
  get idle(): Promise<void> {
    return this.#working;
  }

  add(job: Job): void {
    this.#jobs.push(job);
    this.#working = this.#working.then(() => this.#workOne());
  }

  async #workOne(): Promise<void> {
    await nextTask();
    const job = this.#jobs.shift();
    if (!job) return;
    if (job.kind === 'work') return job.done(await outcomeOf(job.run));
    const batch = [job];
    const alike = (other: Job | undefined): other is Extract<Job, { kind: 'sample' }> =>
      other?.kind === 'sample' &&
      other.session === job.session &&
      other.body.sampling_params.temperature === job.body.sampling_params.temperature;
    for (let next = this.#jobs[0]; alike(next); next = this.#jobs[0]) {
      batch.push(next);
      this.#jobs.shift();
    }
    const outcomes = await outcomeOf(async () => {
      const sampler = this.samplerOf(job.session);
      if (!sampler) throw new OperationFailed('the sampling session is gone');
      return answerSamples(
        sampler,
        batch.map(({ body }) => body),
        this.leadingNull,
      );
    });
    for (const [i, each] of batch.entries()) each.done(outcomes.status === 200 ? ok((outcomes.body as object[])[i]!) : outcomes);
  }
}

async function outcomeOf(run: () => Promise<object>): Promise<Outcome> {
  try {
    return ok(await run());
  } catch (error) {
    return { status: 400, body: { detail: error instanceof Error ? error.message : String(error) } };
  }
}
