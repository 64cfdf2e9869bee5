import { random } from '../domain/random';
import { type Pair, pair, type Seat } from '../domain/seat';
import { hasFixedOpponent, opponentName } from '../protocol/opponent';
import type { RunConfig } from '../protocol/runConfig';

/** Who takes a seat: the live policy, the learner as it was after an earlier iteration, or the fixed opponent. */
export type SeatPlayer =
  | { readonly kind: 'policy' }
  | { readonly kind: 'snapshot'; readonly iteration: number }
  | { readonly kind: 'opponent'; readonly name: string };

/** One negotiation of an iteration, before it is played. */
export interface PlannedNegotiation {
  /** Seed group; its negotiations share every random number of the game. */
  readonly group: number;
  readonly players: Pair<SeatPlayer>;
  /** Whether the seat's tokens are in the loss. */
  readonly trained: Pair<boolean>;
}

const LIVE: SeatPlayer = { kind: 'policy' };

/** A player as files and filters name it: `policy`, `snapshot:40`, `scripted:tit-for-tat`. */
export function playerName(player: SeatPlayer): string {
  if (player.kind === 'policy') return 'policy';
  return player.kind === 'opponent' ? player.name : `snapshot:${player.iteration}`;
}

/** The seat that the live policy has against a fixed opponent; null where there is none in the negotiation. */
export function learnerSeat({ players }: Pick<PlannedNegotiation, 'players'>): Seat | null {
  const opponent = players.findIndex(({ kind }) => kind === 'opponent');
  return opponent < 0 ? null : opponent === 0 ? 1 : 0;
}

/** The iterations whose snapshots can be drawn in this one: every `buffer.every`-th that is done, all of them. */
export function bufferedIterations(config: RunConfig, iteration: number): number[] {
  const { enabled, every } = config.buffer;
  return enabled ? Array.from({ length: Math.floor((iteration - 1) / every) }, (_, k) => (k + 1) * every) : [];
}

/** Whether an iteration's end leaves a checkpoint: the start, the end, every `checkpointEvery`, and what the buffer will draw. */
export function checkpointDue(config: RunConfig, iteration: number): boolean {
  const buffered = config.buffer.enabled && iteration % config.buffer.every === 0;
  return iteration % config.checkpointEvery === 0 || iteration === config.iterations || buffered;
}

/**
 * Who plays whom in an iteration, and who is trained (spec: the agent buffer). With the buffer on, the learner's seat
 * alternates by group and the other seat is a snapshot with `buffer.probability`, drawn for each negotiation or for
 * the whole group from a uniform subset of the snapshots there are. Under `train: learner` the other seat never
 * trains; under `both` it does where the live policy has it. With the buffer off the live policy trains in both seats.
 * A fixed opponent has the other seat in every negotiation, and never trains.
 */
export function planIteration(config: RunConfig, iteration: number): PlannedNegotiation[] {
  if (hasFixedOpponent(config)) return planAgainst(config);
  const { enabled, draw, probability, train } = config.buffer;
  const stream = random(config.seed, 'buffer', iteration);
  const subset = enabled ? drawSubset(bufferedIterations(config, iteration), config.buffer.subset, config.seed, iteration) : [];
  return Array.from({ length: config.negotiations }, (_, n) => {
    const group = Math.floor(n / config.groupSize);
    const learner: Seat = group % 2 === 0 ? 0 : 1;
    const drawn = draw === 'group' ? stream.fork('group', group) : stream.fork('negotiation', n);
    const meetsSnapshot = subset.length > 0 && drawn.uniform() < probability;
    const opponent: SeatPlayer = meetsSnapshot ? { kind: 'snapshot', iteration: subset[drawn.integer(subset.length)]! } : LIVE;
    const players = pair((seat) => (seat === learner ? LIVE : opponent));
    const trained = pair((seat) => players[seat] === LIVE && (!enabled || train === 'both' || seat === learner));
    return { group, players, trained };
  });
}

/** The learner against the fixed opponent, its seat alternating by seed group. */
function planAgainst({ negotiations, groupSize, opponent }: RunConfig): PlannedNegotiation[] {
  const fixed: SeatPlayer = { kind: 'opponent', name: opponentName(opponent) };
  return Array.from({ length: negotiations }, (_, n) => {
    const group = Math.floor(n / groupSize);
    const learner: Seat = group % 2 === 0 ? 0 : 1;
    return { group, players: pair((seat) => (seat === learner ? LIVE : fixed)), trained: pair((seat) => seat === learner) };
  });
}

/** A uniform subset without replacement (the first steps of a Fisher–Yates shuffle), ascending. */
function drawSubset(snapshots: readonly number[], size: number, seed: number, iteration: number): number[] {
  const stream = random(seed, 'buffer subset', iteration);
  const pool = [...snapshots];
  const count = Math.min(size, pool.length);
  for (let i = 0; i < count; i++) {
    const j = i + stream.integer(pool.length - i);
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, count).sort((a, b) => a - b);
}
