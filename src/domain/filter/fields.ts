import type { Pair } from '../seat';

/** What a filter knows of one negotiation; null where its game has no such number. */
export interface FilterSubject {
  readonly game: string;
  readonly algorithm: string;
  readonly run: string;
  readonly iteration: number;
  readonly group: number;
  readonly negotiation: number;
  /** Points a round. */
  readonly reward: Pair<number>;
  readonly efficiency: number;
  /** Turns that did not parse. */
  readonly invalid: number;
  /** Mean credit. */
  readonly credit: Pair<number>;
  /** Share of rounds in which the seat cooperated. */
  readonly cooperation: Pair<number> | null;
  readonly player: Pair<string>;
}

/** A name that filters may use. */
export interface FilterField {
  readonly name: string;
  readonly type: 'number' | 'text';
  readonly meaning: string;
  read(subject: FilterSubject): number | string | null;
}

const mean = (pair: Pair<number> | null): number | null => (pair === null ? null : (pair[0] + pair[1]) / 2);

const number = (name: string, meaning: string, read: (subject: FilterSubject) => number | null): FilterField => ({
  name,
  type: 'number',
  meaning,
  read,
});
const text = (name: string, meaning: string, read: (subject: FilterSubject) => string): FilterField => ({
  name,
  type: 'text',
  meaning,
  read,
});

/** The names, in the order in which completion offers them. */
export const FILTER_FIELDS: readonly FilterField[] = [
  number('reward', 'points a round, mean of both', ({ reward }) => mean(reward)),
  number('reward.alice', 'Alice’s points a round', ({ reward }) => reward[0]),
  number('reward.bob', 'Bob’s points a round', ({ reward }) => reward[1]),
  number('reward.joint', 'points a round, both together', ({ reward }) => reward[0] + reward[1]),
  number('efficiency', 'joint reward ÷ best possible', ({ efficiency }) => efficiency),
  number('cooperation', 'share of cooperation, mean of both', ({ cooperation }) => mean(cooperation)),
  number('cooperation.alice', 'Alice’s share of cooperation', ({ cooperation }) => cooperation?.[0] ?? null),
  number('cooperation.bob', 'Bob’s share of cooperation', ({ cooperation }) => cooperation?.[1] ?? null),
  number('credit', 'mean credit of both', ({ credit }) => mean(credit)),
  number('credit.alice', 'Alice’s mean credit', ({ credit }) => credit[0]),
  number('credit.bob', 'Bob’s mean credit', ({ credit }) => credit[1]),
  number('credit.size', 'size of the mean credit, mean of both', ({ credit }) => mean([Math.abs(credit[0]), Math.abs(credit[1])])),
  number('invalid', 'turns that did not parse', ({ invalid }) => invalid),
  number('iteration', 'iteration, from 1', ({ iteration }) => iteration),
  number('group', 'seed group', ({ group }) => group),
  number('negotiation', 'negotiation, from 0', ({ negotiation }) => negotiation),
  text('game', 'the game’s id', ({ game }) => game),
  text('algorithm', 'rl, aa, aa-jit or sum', ({ algorithm }) => algorithm),
  text('run', 'the run’s name', ({ run }) => run),
  text('player.alice', 'who plays Alice: policy, snapshot:40, scripted:greedy', ({ player }) => player[0]),
  text('player.bob', 'who plays Bob', ({ player }) => player[1]),
];

/** Names that negotiations can be sorted by: the numbers. */
export const SORT_FIELDS: readonly FilterField[] = FILTER_FIELDS.filter(({ type }) => type === 'number');

/** Functions over what was said; each takes one text. */
export const FILTER_FUNCTIONS = [
  { name: 'says', seat: null, meaning: 'anyone says the text' },
  { name: 'says.alice', seat: 0, meaning: 'Alice says the text' },
  { name: 'says.bob', seat: 1, meaning: 'Bob says the text' },
] as const;
