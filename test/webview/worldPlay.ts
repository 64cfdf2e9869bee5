import type { Action, Hand, RoundDeal } from '../../src/domain/games/game';
import { type Random, random } from '../../src/domain/random';
import { other, type Pair, pair, SEATS, type Seat } from '../../src/domain/seat';
import type { Algorithm } from '../../src/protocol/runConfig';
import type { TokenColumns } from '../../src/protocol/webview';

/** A made-up run: seeded, of any length, every iteration computed when it is asked for. */
export interface WorldRun {
  readonly id: string;
  readonly game: 'ipd' | 'trust-and-split';
  readonly algorithm: Algorithm;
  readonly seed: number;
  readonly iterations: number;
  readonly pairedWith?: string;
  /** Iterations by which it learns later than others. */
  readonly late?: number;
  /** Who has Bob's seat, where nobody there is trained. */
  readonly opponent?: string;
  /** Entropies and what the optimizer reports are not on record, as where a run was imported. */
  readonly imported?: true;
}

/** Negotiations an iteration, and how many share their random numbers. */
export const NEGOTIATIONS = 64;
export const GROUP = 8;
export const ROUNDS = 10;

/** What was said in a turn. */
export interface Spoken {
  readonly seat: Seat;
  readonly kind: 'message' | 'action';
  readonly prompt: string;
  readonly text: string;
  readonly valid: boolean;
  readonly tokens: TokenColumns;
}

/** A round as it was dealt, played and paid. */
export interface PlayedRound {
  readonly deal: RoundDeal;
  readonly actions: Pair<Action>;
  readonly rewards: Pair<number>;
  readonly shares: Pair<readonly number[]>;
  readonly best: number;
  readonly spoken: readonly Spoken[];
}
/** How much of what it will learn a run has learned by an iteration, 0 to 1. */
export function learnedAt({ late = 0 }: WorldRun, iteration: number): number {
  return 1 / (1 + Math.exp(-(iteration - 70 - late) / 18));
}

/** P(cooperate | start, CC, CD, DC, DD) of a run's policy after an iteration. */
export function policyOf(run: WorldRun, iteration: number): readonly [number, number, number, number, number] {
  const learned = learnedAt(run, iteration);
  const base = [0.6, 0.68, 0.36, 0.6, 0.34] as const;
  const goal =
    run.algorithm === 'rl'
      ? ([0.01, 0.17, 0.07, 0.06, 0.01] as const)
      : run.algorithm === 'sum'
        ? ([0.99, 0.99, 0.95, 0.97, 0.93] as const)
        : ([0.99, 0.99, 0.03, 0.97, 0.02] as const);
  const at = (i: 0 | 1 | 2 | 3 | 4): number => base[i] + (goal[i] - base[i]) * learned;
  return [at(0), at(1), at(2), at(3), at(4)];
}

/** The rounds of a negotiation, the same ones every time. */
export function play(run: WorldRun, iteration: number, negotiation: number): PlayedRound[] {
  const deals = random(run.seed, 'deal', iteration, Math.floor(negotiation / GROUP));
  const draws = random(run.seed, 'token', iteration, negotiation);
  const rounds: PlayedRound[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(
      run.game === 'ipd'
        ? playDilemma(run, iteration, rounds.at(-1), draws)
        : playSplit(run, iteration, rounds.at(-1), round, deals, draws),
    );
  }
  return rounds;
}

function playDilemma(run: WorldRun, iteration: number, last: PlayedRound | undefined, draws: Random): PlayedRound {
  const policy = policyOf(run, iteration);
  const choices = pair((seat): 'A' | 'B' => {
    const own = last === undefined ? undefined : choiceOf(last.actions[seat]);
    const theirs = last === undefined ? undefined : choiceOf(last.actions[other(seat)]);
    const state = last === undefined ? 0 : own === 'A' ? (theirs === 'A' ? 1 : 2) : theirs === 'A' ? 3 : 4;
    return draws.uniform() < policy[state]! ? 'A' : 'B';
  });
  const spoken = SEATS.map((seat): Spoken => {
    const said = last === undefined ? 'Choose A or B.' : `The other chose ${choiceOf(last.actions[other(seat)])}. Choose A or B.`;
    const own = last === undefined ? undefined : choiceOf(last.actions[seat]);
    const state =
      last === undefined
        ? 0
        : own === 'A'
          ? choiceOf(last.actions[other(seat)]) === 'A'
            ? 1
            : 2
          : choiceOf(last.actions[other(seat)]) === 'A'
            ? 3
            : 4;
    const p = choices[seat] === 'A' ? policy[state]! : 1 - policy[state]!;
    return {
      seat,
      kind: 'action',
      prompt: `<|user|>\n${said}\n<|assistant|>\n`,
      text: choices[seat],
      valid: true,
      tokens: tokensOf([choices[seat], '<|end|>'], [p, 1], draws),
    };
  });
  const rewards = PAYOFFS[`${choices[0]}${choices[1]}`];
  return {
    deal: { quantities: [], values: [[], []] },
    actions: pair((seat) => ({ kind: 'choice', choice: choices[seat] })),
    rewards,
    shares: [[], []],
    best: 6,
    spoken,
  };
}

const PAYOFFS = { AA: [3, 3], AB: [0, 5], BA: [5, 0], BB: [1, 1] } as const satisfies Record<string, Pair<number>>;
const HANDS: readonly Hand[] = ['rock', 'paper', 'scissors'];
const BEATS: Readonly<Record<Hand, Hand>> = { rock: 'scissors', paper: 'rock', scissors: 'paper' };
const OPENERS = [
  'My hand is {hand}. What is yours?',
  'I hold {hand}. Yours? I gave you all of it last round.',
  '{hand} here. Let us share by value, as we did.',
];
const REPLIES = [
  'I have {hand}, so you know who should keep them.',
  '{hand}. Thank you, I will leave you what is yours.',
  'Mine is {hand}. I take ten, you should not.',
];

function playSplit(
  run: WorldRun,
  iteration: number,
  last: PlayedRound | undefined,
  round: number,
  deals: Random,
  draws: Random,
): PlayedRound {
  const first = HANDS[deals.integer(3)]!;
  const second = HANDS[(HANDS.indexOf(first) + 1 + deals.integer(2)) % 3]!;
  const hands: Pair<Hand> = [first, second];
  const values = pair((seat) => [BEATS[hands[seat]] === hands[other(seat)] ? 10 : 1]);
  const opener: Seat = ((round + deals.integer(1)) % 2) as Seat;
  const learned = run.algorithm === 'rl' ? 0 : learnedAt(run, iteration);
  const spoken: Spoken[] = [];
  for (const seat of [opener, other(opener)] as const) {
    const template = (seat === opener ? OPENERS : REPLIES)[draws.integer(3)]!;
    const text = template.replace('{hand}', seat === opener && template.startsWith('{') ? capital(hands[seat]) : hands[seat]);
    const pieces = [...(text.match(/ ?[^ ]+/g) ?? []), '<|end|>'];
    spoken.push({
      seat,
      kind: 'message',
      prompt: `<|user|>\nRound ${round + 1}. Your hand is ${hands[seat]}.${seat === opener ? '' : `\nThe other says: ${spoken[0]!.text}`}\n<|assistant|>\n`,
      text,
      valid: true,
      tokens: tokensOf(
        pieces,
        pieces.map(() => 0.15 + 0.8 * draws.uniform()),
        draws,
      ),
    });
  }
  const wronged = pair((seat) => last !== undefined && last.shares[other(seat)][0]! > 9 && last.deal.values[other(seat)][0] === 1);
  const invalid = pair(() => draws.uniform() < 0.02);
  const kept = pair((seat) => {
    if (invalid[seat]) return 0;
    const fair = values[seat][0] === 10 ? 10 : 0;
    const greedy = 10 - draws.integer(2);
    return draws.uniform() < learned && !wronged[seat]
      ? Math.max(0, Math.min(10, fair + (draws.uniform() < 0.2 ? draws.integer(2) * (fair === 10 ? -1 : 1) : 0)))
      : greedy;
  });
  for (const seat of SEATS) {
    const text = invalid[seat] ? 'keep them all\u200b please' : `keep ${kept[seat]}`;
    const pieces = invalid[seat] ? ['keep', ' them', ' all', '\u200b', ' please'] : ['keep', ` ${kept[seat]}`, '<|end|>'];
    spoken.push({
      seat,
      kind: 'action',
      prompt: '<|user|>\nHow many coins do you keep, 0 to 10?\n<|assistant|>\n',
      text,
      valid: !invalid[seat],
      tokens: tokensOf(
        pieces,
        pieces.map((piece) => (piece.startsWith(' ') ? 0.3 + 0.6 * draws.uniform() : 1)),
        draws,
      ),
    });
  }
  const total = kept[0] + kept[1];
  const shares = pair((seat) => [total > 10 ? (10 * kept[seat]) / total : kept[seat]]);
  return {
    deal: { quantities: [10], values, hands, opener },
    actions: pair((seat) => ({ kind: 'keep', amounts: [kept[seat]] })),
    rewards: pair((seat) => shares[seat][0]! * values[seat][0]!),
    shares,
    best: 10 * Math.max(values[0][0]!, values[1][0]!),
    spoken,
  };
}

function tokensOf(texts: readonly string[], probabilities: readonly number[], draws: Random): TokenColumns {
  const logProbs = probabilities.map((p) => Math.log(Math.max(1e-6, Math.min(1, p))));
  return {
    ids: texts.map((text) => [...text].reduce((sum, c) => (sum * 31 + c.codePointAt(0)!) % 2048, 7)),
    texts,
    logProbs,
    trainLogProbs: logProbs.map((l) => Math.min(0, l + (draws.uniform() - 0.5) * 2e-6)),
    ratios: logProbs.map(() => 1 + (draws.uniform() - 0.5) * 4e-6),
    referenceLogProbs: logProbs.map((l, i) => (probabilities[i] === 1 ? 0 : Math.log(0.5) * 0.6 + l * 0.4 - 0.3 * draws.uniform())),
    entropies: probabilities.map((p) => (p >= 1 ? 0 : -(p * Math.log(p) + (1 - p) * Math.log(1 - p)))),
    validMass: probabilities.map((p) => (p >= 1 ? 1 : 1 - 0.03 * draws.uniform())),
    forced: probabilities.map((p) => p >= 1),
  };
}
/** The choice of a dilemma’s action. */
export function choiceOf(action: Action): 'A' | 'B' {
  return action.kind === 'choice' ? action.choice : 'B';
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
