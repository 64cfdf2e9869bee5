import type { Action, GameId, Hand, RoundDeal } from '../../domain/games/game';
import { other, type Pair, pair, type Seat } from '../../domain/seat';
import { PyDict, type PyValue } from './pickleData';

/** What a round of a game was, as far as the simulation noted it. */
export interface RoundRecord {
  readonly deal: RoundDeal;
  /** What each seat did; null where nothing was noted. */
  readonly actions: Pair<Action | null>;
  /** Units each seat got, `[seat][item kind]`; empty where they cannot be told. */
  readonly shares: Pair<readonly number[]>;
  readonly bestJointReward: number;
}

/** Points of the Prisoner's Dilemma: temptation, reward, punishment, sucker. */
export interface Payoffs {
  readonly T: number;
  readonly R: number;
  readonly P: number;
  readonly S: number;
}

/** Kinds of items that a round of a split game has at most. */
const MAX_KINDS = 16;

/** Which game a round's notes are of; undefined when they are of none that is known. */
export function gameOf(info: PyDict | null): GameId | undefined {
  if (info === null) return undefined;
  if (info.has('actions')) return 'ipd';
  const quantities = asDict(info.get('quantities')).values();
  if (!info.has('values') || quantities.length === 0 || quantities.length > MAX_KINDS) return undefined;
  if (info.get('hands') instanceof PyDict) return 'trust-and-split';
  const values = firstValue(info.get('values'));
  if (!(values instanceof PyDict)) return 'trust-and-split-values';
  return quantities.every((n) => n === 10) ? 'split' : 'deal-or-no-deal';
}

/** The payoffs that the rounds of a Prisoner's Dilemma show; a pair of moves that never came up has the paper's. */
export function payoffsOf(rounds: Iterable<{ info: PyDict | null; rewards: Pair<number> }>, agents: Pair<string>): Payoffs {
  const payoffs = { T: 5, R: 3, P: 1, S: 0 };
  for (const { info, rewards } of rounds) {
    const [first, second] = movesOf(info, agents);
    if (first === null || second === null) continue;
    if (first === second) payoffs[first === 'C' ? 'R' : 'P'] = rewards[0];
    else {
      const defector: Seat = first === 'D' ? 0 : 1;
      payoffs.T = rewards[defector];
      payoffs.S = rewards[other(defector)];
    }
  }
  return payoffs;
}

/**
 * A round of one of the games out of its notes.
 * @param opener who spoke first, where there was talk
 */
export function roundRecord(
  game: GameId | undefined,
  info: PyDict | null,
  agents: Pair<string>,
  rewards: Pair<number>,
  opener: Seat | undefined,
  payoffs: Payoffs,
): RoundRecord {
  const talk = opener === undefined ? {} : { opener };
  if (game === undefined || info === null) {
    return {
      deal: { quantities: [], values: [[], []], ...talk },
      actions: [null, null],
      shares: [[], []],
      bestJointReward: Math.max(0, rewards[0] + rewards[1]),
    };
  }
  if (game === 'ipd') {
    const moves = movesOf(info, agents);
    return {
      deal: { quantities: [], values: [[], []], ...talk },
      actions: pair((seat) => (moves[seat] === null ? null : { kind: 'choice', choice: moves[seat] === 'C' ? 'A' : 'B' })),
      shares: [[], []],
      bestJointReward: Math.max(2 * payoffs.R, payoffs.T + payoffs.S, 2 * payoffs.P),
    };
  }
  const items = asDict(info.get('quantities'))
    .entries()
    .flatMap(([item, n]) => (typeof n === 'number' ? [{ item, quantity: n }] : []));
  const quantities = items.map(({ quantity }) => quantity);
  const values = pair((seat) => {
    const own = asDict(info.get('values')).get(agents[seat]);
    return items.map(({ item }) => asNumber(own instanceof PyDict ? own.get(item) : own));
  });
  const amounts = pair((seat) => {
    const split = asDict(info.get('splits')).get(agents[seat]);
    if (!(split instanceof PyDict)) return null;
    const kept = asDict(split.get('items_given_to_self'));
    return items.map(({ item }) => asNumber(kept.get(item)));
  });
  const hands = handsOf(info, agents);
  return {
    deal: { quantities, values, ...(hands && { hands }), ...talk },
    actions: pair((seat) => (amounts[seat] === null ? null : { kind: 'keep', amounts: amounts[seat] })),
    shares: sharesOf(game, quantities, [amounts[0] ?? quantities.map(() => 0), amounts[1] ?? quantities.map(() => 0)]),
    bestJointReward: quantities.reduce((sum, n, k) => sum + n * Math.max(values[0][k]!, values[1][k]!), 0),
  };
}

/** Split games: what is asked for, in proportion where it is too much; Deal or No Deal: nothing unless it fits exactly. */
function sharesOf(game: GameId, quantities: readonly number[], amounts: Pair<readonly number[]>): Pair<readonly number[]> {
  const total = (k: number): number => amounts[0][k]! + amounts[1][k]!;
  if (game === 'deal-or-no-deal' && quantities.some((n, k) => total(k) !== n)) return pair(() => quantities.map(() => 0));
  return pair((seat) => quantities.map((n, k) => (total(k) > n ? (n * amounts[seat][k]!) / total(k) : amounts[seat][k]!)));
}

function movesOf(info: PyDict | null, agents: Pair<string>): Pair<'C' | 'D' | null> {
  const moves = asDict(info?.get('actions'));
  return pair((seat) => {
    const move = moves.get(agents[seat]);
    return move === 'C' || move === 'D' ? move : null;
  });
}

function handsOf(info: PyDict, agents: Pair<string>): Pair<Hand> | undefined {
  const hands = asDict(info.get('hands'));
  const [first, second] = [hands.get(agents[0]), hands.get(agents[1])];
  return isHand(first) && isHand(second) ? [first, second] : undefined;
}

function isHand(value: PyValue | undefined): value is Hand {
  return value === 'rock' || value === 'paper' || value === 'scissors';
}

const EMPTY = new PyDict();

function asDict(value: PyValue | undefined): PyDict {
  return value instanceof PyDict ? value : EMPTY;
}

function asNumber(value: PyValue | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function firstValue(value: PyValue | undefined): PyValue | undefined {
  return value instanceof PyDict ? value.values()[0] : undefined;
}
