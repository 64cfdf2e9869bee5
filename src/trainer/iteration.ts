import { RATIO_CAP } from '../domain/advantage';
import { games } from '../domain/games';
import { type Random, random } from '../domain/random';
import { pair } from '../domain/seat';
import type { Engine, Learner, LossSettings } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import { playAgainst } from './against';
import { iterationCredits, trainingBatch } from './batch';
import { learnerSeat, type PlannedNegotiation, planIteration } from './plan';
import type { Opponent } from './players/opponent';
import { type SelfPlay, selfPlay, type TurnListener } from './selfPlay';
import type { Snapshots } from './snapshots';
import type { TrainedIteration } from './statistics';

/** What an iteration needs. */
export interface IterationOptions {
  readonly engine: Engine;
  readonly config: RunConfig;
  readonly iteration: number;
  readonly learner: Learner;
  /** Who has the other seat, where that is a fixed player. */
  readonly opponent?: Opponent;
  readonly snapshots: Snapshots;
  /** See `transcriptCapacity`. */
  readonly capacity: number;
  readonly signal: AbortSignal;
  readonly onTurns?: (plan: readonly PlannedNegotiation[]) => TurnListener;
}

/**
 * One iteration up to its optimizer step: plan, self-play, credits, training. Deals are keyed by (seed, iteration,
 * group), token draws by (seed, iteration, negotiation, seat, turn, token), so that it depends on nothing but the
 * configuration and the learner's state; with a fixed opponent, on that too.
 */
export async function runIteration(options: IterationOptions): Promise<TrainedIteration> {
  const { engine, config, iteration, signal } = options;
  const plan = planIteration(config, iteration);
  const played = await playIteration(options, plan);
  signal.throwIfAborted();
  const credits = iterationCredits(config, plan, played.negotiations);
  const batch = trainingBatch(config, plan, played.negotiations, credits);
  const result = await engine.train(batch.sequences, lossSettings(config));
  return { config, plan, played, credits, batch, result };
}

async function playIteration(options: IterationOptions, plan: readonly PlannedNegotiation[]): Promise<SelfPlay> {
  const { config, iteration, learner, opponent, signal, engine } = options;
  const uniforms = random(config.seed, 'token', iteration);
  const onTurns = options.onTurns?.(plan);
  const deal = (group: number): Random => random(config.seed, 'deal', iteration, group);
  if (opponent) {
    const seats = plan.map((negotiation) => ({ group: negotiation.group, seat: learnerSeat(negotiation) ?? 0 }));
    return playAgainst({ engine, config, learner, opponent, seats, deal, uniforms, signal, ...(onTurns && { onTurns }) });
  }
  const drawn = plan.flatMap(({ players }) => players.flatMap((player) => (player.kind === 'snapshot' ? [player.iteration] : [])));
  const snapshots = await options.snapshots.load(drawn);
  return selfPlay({
    engine,
    positions: plan.map(({ group }) => games[config.game].start(config.gameSettings, deal(group))),
    policies: plan.map(({ players }) =>
      pair((seat) => {
        const player = players[seat];
        return player.kind === 'snapshot' ? snapshots.get(player.iteration)! : learner;
      }),
    ),
    speech: config,
    uniforms,
    capacity: options.capacity,
    signal,
    ...(onTurns && { onTurns }),
  });
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
