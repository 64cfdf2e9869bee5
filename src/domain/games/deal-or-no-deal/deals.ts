import type { Random } from '../../random';
import type { Pair } from '../../seat';
import type { RoundDeal } from '../game';
import { openers } from '../sharing/talk';

/** What a player's values sum to over the three kinds. */
const VALUE_SUM = 10;

/** Items on the table: at least this many, and at most two more. */
const FEWEST_ITEMS = 5;

/** All ways to make a sum of three non-negative integers. */
function triples(sum: number): number[][] {
  const firsts = Array.from({ length: sum + 1 }, (_, first) => first);
  return firsts.flatMap((first) => Array.from({ length: sum - first + 1 }, (_, second) => [first, second, sum - first - second]));
}

const VALUES = triples(VALUE_SUM);

/** Stocks by size − `FEWEST_ITEMS`; at least one item of each kind. */
const STOCKS = [0, 1, 2].map((more) => triples(FEWEST_ITEMS + more - 3).map((stock) => stock.map((n) => n + 1)));

/** Whether every kind is worth something to someone, and some kind to both. */
export function interesting(values: Pair<readonly number[]>): boolean {
  const [own, others] = values;
  return own.every((value, kind) => value + others[kind]! > 0) && own.some((value, kind) => value > 0 && others[kind]! > 0);
}

/** Values drawn once for the whole game, a stock drawn anew in every round, and an opener that alternates. */
export function itemDeals(random: Random): (round: number) => RoundDeal {
  const opener = openers(random);
  const values = drawValues(random.fork('values'));
  return (round) => {
    const dealing = random.fork('stock', round);
    const stocks = STOCKS[dealing.integer(STOCKS.length)]!;
    return { quantities: stocks[dealing.integer(stocks.length)]!, values, opener: opener(round) };
  };
}

/** Uniform over the pairs that are interesting (about half of all): draws until one is. */
function drawValues(random: Random): Pair<readonly number[]> {
  for (;;) {
    const values = [VALUES[random.integer(VALUES.length)]!, VALUES[random.integer(VALUES.length)]!] as const;
    if (interesting(values)) return values;
  }
}
