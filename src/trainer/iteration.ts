import { RATIO_CAP } from '../domain/advantage';
import { games } from '../domain/games';
import { random } from '../domain/random';
import { pair } from '../domain/seat';
import type { Engine, LossSettings, Policy } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import { iterationCredits, trainingBatch } from './batch';
import { type PlannedNegotiation, planIteration } from './plan';
import { selfPlay, type TurnListener } from './selfPlay';
import type { Snapshots } from './snapshots';
import type { TrainedIteration } from './statistics';

/** What an iteration needs. */
export interface IterationOptions {
  readonly engine: Engine;
  readonly config: RunConfig;
  readonly iteration: number;
  readonly learner: Policy;
  readonly snapshots: Snapshots;
  /** See `transcriptCapacity`. */
  readonly capacity: number;
  readonly signal: AbortSignal;
  readonly onTurns?: (plan: readonly PlannedNegotiation[]) => TurnListener;
}

/**
 * One iteration up to its optimizer step: plan, self-play, credits, training. Deals are keyed by (seed, iteration,
 * group), token draws by (seed, iteration, negotiation, seat, turn, token), so that it depends on nothing but the
 * configuration and the learner's state.
 */
export async function runIteration(options: IterationOptions): Promise<TrainedIteration> {
  const { engine, config, iteration, learner, signal } = options;
  const plan = planIteration(config, iteration);
  const drawn = plan.flatMap(({ players }) => players.flatMap((player) => (player.kind === 'snapshot' ? [player.iteration] : [])));
  const snapshots = await options.snapshots.load(drawn);
  const onTurns = options.onTurns?.(plan);
  const played = await selfPlay({
    engine,
    positions: plan.map(({ group }) => games[config.game].start(config.gameSettings, random(config.seed, 'deal', iteration, group))),
    policies: plan.map(({ players }) =>
      pair((seat) => {
        const player = players[seat];
        return player.kind === 'policy' ? learner : snapshots.get(player.iteration)!;
      }),
    ),
    speech: config,
    uniforms: random(config.seed, 'token', iteration),
    capacity: options.capacity,
    signal,
    ...(onTurns && { onTurns }),
  });
  signal.throwIfAborted();
  const credits = iterationCredits(config, plan, played.negotiations);
  const batch = trainingBatch(config, plan, played.negotiations, credits);
  const result = await engine.train(batch.sequences, lossSettings(config));
  return { config, plan, played, credits, batch, result };
}

/** The loss of a run's configuration. */
export function lossSettings(config: RunConfig): LossSettings {
  return {
    klCoefficient: config.klCoefficient,
    klOver: config.klOver,
    entropyCoefficient: config.entropyCoefficient,
    temperature: config.temperature,
    ratioCap: RATIO_CAP,
  };
}
