import type { Lane, Learner, Policy } from '../engine';
import type { RemoteModel } from './remoteModel';
import type { RemoteSampler } from './remoteSampler';

/** A frozen set of weights on a training server: the base model, or a snapshot. */
export class RemotePolicy implements Policy {
  lanes = 0;
  released = false;

  constructor(
    readonly name: string,
    readonly sampler: RemoteSampler,
  ) {}
}

/** The adapter that is trained. Parameters are the server's to know. */
export class RemoteLearner implements Learner {
  readonly name = 'learner';
  readonly parameters = 0;
  lanes = 0;
  /** Of the weights as they are now; null until somebody samples from them. */
  sampler: Promise<RemoteSampler> | null = null;
  /** Where the weights of now were saved, so that they are not saved twice. */
  saved: { sampler?: Promise<string>; weights?: Promise<string>; isCheckpoint?: boolean } = {};

  constructor(
    readonly model: RemoteModel,
    readonly rank: number,
    public steps = 0,
  ) {}

  /** Counts a step; what was derived from the weights is stale. */
  stepped(): void {
    this.steps++;
    this.sampler = null;
    this.saved = {};
  }
}

/** A transcript under way. The server keeps nothing of it: each turn sends it whole. */
export class RemoteLane implements Lane {
  readonly tokens: number[] = [];
  closed = false;

  constructor(readonly policy: RemotePolicy | RemoteLearner) {}

  get length(): number {
    return this.tokens.length;
  }
}
