import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pretrainingPlayer } from '../players/pretraining';
import { scriptedPlayers } from '../players/registry';
import { type Random, random } from '../random';
import { type PlayedNegotiation, play } from '../rollout';
import { other, SEATS, type Seat } from '../seat';
import { dealOrNoDealRules } from './deal-or-no-deal/dealOrNoDeal';
import { interesting, itemDeals } from './deal-or-no-deal/deals';
import type { Action, GameId, GameSettings, Negotiation, RoundDeal, TurnRequest } from './game';
import { defaultGameSettings, GAME_IDS, games, VOCABULARY } from './index';
import { negotiate, type RoundRules } from './negotiation';
import { splitDeals, splitRules } from './split/split';
import { beats, handDeal, handDeals } from './trust-and-split/hands';
import { trustAndSplitRules } from './trust-and-split/trustAndSplit';
import { trustAndSplitValuesRules, valueDeals } from './trust-and-split-values/trustAndSplitValues';
import { MESSAGE_WORDS, SPECIAL_WORDS } from './vocabulary';

const seeds = fc.integer({ min: 0, max: 1_000_000 });
const PROMPTS = ['short', 'full'] as const;

/** Something to say: most often a valid choice, else free words, else rubbish. */
function babble(request: TurnRequest, draws: Random): string {
  const { constraint } = request;
  const rubbish = ['', '-1', '11', 'A B', '7 7', 'keep 3', '1e3', 'nothing', '10 10 10 10'];
  if (draws.uniform() < 0.2) return rubbish[draws.integer(rubbish.length)]!;
  if (constraint.kind === 'choice') return constraint.choices[draws.integer(constraint.choices.length)]!;
  const words = constraint.words ?? ['I', 'have', 'rock,', 'so', 'keep', 'little.'];
  return Array.from({ length: 1 + draws.integer(6) }, () => words[draws.integer(words.length)]!).join(' ');
}

async function playRandomly(start: Negotiation, seed: number): Promise<PlayedNegotiation> {
  const draws = random(seed, 'texts');
  const [played] = await play([start], async (pending) => pending.map(({ request }) => babble(request, draws)));
  return played!;
}

describe.each(GAME_IDS.flatMap((id) => PROMPTS.map((prompts) => [id, prompts] as const)))('%s, %s prompts', (id, prompts) => {
  const settings = { ...defaultGameSettings(id, prompts), rounds: 4 };
  const start = (seed: number): Negotiation => games[id].start(settings, random(seed));

  it('deals the same from the same stream, and ends after its rounds', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, seeds, async (seed, texts) => {
        const [one, another] = [await playRandomly(start(seed), texts), await playRandomly(start(seed), texts + 1)];
        expect(one.negotiation.rounds.map((round) => round.deal)).toEqual(another.negotiation.rounds.map((round) => round.deal));
        expect(one.negotiation.rounds.map((round) => round.round)).toEqual([0, 1, 2, 3]);
      }),
      { numRuns: 30 },
    );
  });

  it('replays: the texts of a transcript lead to the same rounds', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { negotiation, turns } = await playRandomly(start(seed), seed);
        let position = start(seed);
        for (let next = 0; position.requests.length > 0; ) {
          const due = position.requests.length;
          const taken = turns.slice(next, next + due);
          expect(position.requests.map((request) => request.observation)).toEqual(taken.map((turn) => turn.observation));
          position = position.advance(taken.map((turn) => turn.text));
          next += due;
        }
        expect(position.rounds).toEqual(negotiation.rounds);
      }),
      { numRuns: 30 },
    );
  });

  it('never gives more than is there, and nothing below zero or above the best', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { negotiation } = await playRandomly(start(seed), seed);
        for (const { deal, shares, rewards, bestJointReward } of negotiation.rounds) {
          deal.quantities.forEach((quantity, kind) => {
            expect(shares[0][kind]! + shares[1][kind]!).toBeLessThanOrEqual(quantity + 1e-9);
            for (const seat of SEATS) expect(shares[seat][kind]!).toBeGreaterThanOrEqual(0);
          });
          expect(rewards[0] + rewards[1]).toBeLessThanOrEqual(bestJointReward + 1e-9);
          if (id !== 'ipd') {
            for (const seat of SEATS) {
              expect(rewards[seat]).toBeCloseTo(shares[seat].reduce((sum, n, kind) => sum + n * deal.values[seat][kind]!, 0));
            }
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('counts every text of its own choices as valid, and rubbish as the default', async () => {
    let position = start(3);
    while (position.requests[0]!.kind === 'message') position = position.advance(['hello']);
    const { constraint } = position.requests[0]!;
    if (constraint.kind !== 'choice') throw new Error('an action is a choice');
    const few = Math.ceil(constraint.choices.length / 40);
    for (const choice of constraint.choices.filter((_, n) => n % few === 0))
      expect(position.advance([choice, choice]).rounds[0]!.valid).toEqual([true, true]);
    const { valid, actions } = position.advance(['whatever', '']).rounds[0]!;
    expect(valid).toEqual([false, false]);
    const none = position.deal!.quantities.map(() => 0);
    const expected: Action = id === 'ipd' ? { kind: 'choice', choice: 'B' } : { kind: 'keep', amounts: none };
    expect(actions).toEqual([expected, expected]);
  });
});

/** Rules over a given deal, and a deal that differs in what `seat` may not know before a round is over. */
const HIDING: Record<'trust-and-split' | 'trust-and-split-values' | 'deal-or-no-deal', HidingGame> = {
  'trust-and-split': {
    rules: trustAndSplitRules,
    deals: handDeals,
    hide(deal, seat) {
      const own = deal.hands![seat];
      const third = (['rock', 'paper', 'scissors'] as const).find((hand) => !deal.hands!.includes(hand))!;
      return handDeal(seat === 0 ? [own, third] : [third, own], deal.opener!);
    },
  },
  'trust-and-split-values': {
    rules: trustAndSplitValuesRules,
    deals: valueDeals,
    hide: (deal, seat) => ({
      ...deal,
      values: seat === 0 ? [deal.values[0], [21 - deal.values[1][0]!]] : [[21 - deal.values[0][0]!], deal.values[1]],
    }),
  },
  'deal-or-no-deal': {
    rules: dealOrNoDealRules,
    deals: itemDeals,
    hide: (deal, seat) => ({ ...deal, values: seat === 0 ? [deal.values[0], [2, 5, 3]] : [[2, 5, 3], deal.values[1]] }),
  },
};

interface HidingGame {
  readonly rules: (settings: GameSettings, deal: RoundRules['deal']) => RoundRules;
  readonly deals: (random: Random) => RoundRules['deal'];
  readonly hide: (deal: RoundDeal, seat: Seat) => RoundDeal;
}

/** What a seat was shown, as text and as data, and what it was allowed. */
function shownTo(seat: Seat, rules: RoundRules, texts: number, untilRound: number): unknown[] {
  const shown: unknown[] = [];
  const draws = random(texts);
  let position = negotiate(rules);
  while (position.requests.length > 0 && position.round <= untilRound) {
    for (const request of position.requests) {
      if (request.seat === seat) shown.push({ ...request, parses: ['A', '0', '7', '3 2 1', '11'].map((text) => request.parses(text)) });
    }
    // Texts that depend on no deal, so that they are the same in both.
    position = position.advance(
      position.requests.map((request) => (request.kind === 'message' ? `i trust ${draws.integer(20)}` : String(draws.integer(11)))),
    );
  }
  return shown;
}

describe.each(
  (['trust-and-split', 'trust-and-split-values', 'deal-or-no-deal'] as const).flatMap((id) =>
    PROMPTS.map((prompts) => [id, prompts] as const),
  ),
)('%s, %s prompts: secrets', (id, prompts) => {
  it('shows a seat nothing that depends on what it may not know', () => {
    const { rules, deals, hide } = HIDING[id];
    const settings = { ...defaultGameSettings(id, prompts), rounds: 4, messagesPerRound: 2 };
    fc.assert(
      fc.property(seeds, fc.constantFrom<Seat>(0, 1), fc.integer({ min: 0, max: 3 }), (seed, seat, round) => {
        const deal = deals(random(seed));
        // In Deal or No Deal the other's values are never told, and hold for the whole game.
        const elsewhere = (t: number): RoundDeal => (t === round || id === 'deal-or-no-deal' ? hide(deal(t), seat) : deal(t));
        const shown = shownTo(seat, rules(settings, deal), seed, round);
        expect(shownTo(seat, rules(settings, elsewhere), seed, round)).toEqual(shown);
        expect(shown.length).toBeGreaterThanOrEqual(3 * (round + 1));
      }),
      { numRuns: 60 },
    );
  });
});

describe('settling', () => {
  const kinds: readonly [GameId, (seed: number) => RoundRules][] = [
    ['split', (seed) => splitRules(defaultGameSettings('split'), splitDeals(random(seed)))],
    ...(['trust-and-split', 'trust-and-split-values', 'deal-or-no-deal'] as const).map((id): [GameId, (seed: number) => RoundRules] => [
      id,
      (seed) => HIDING[id].rules(defaultGameSettings(id), HIDING[id].deals(random(seed))),
    ]),
  ];

  it.each(kinds)('%s is symmetric under swapping seats', (_, rulesOf) => {
    fc.assert(
      fc.property(seeds, seeds, (seed, draw) => {
        const rules = rulesOf(seed);
        const deal = rules.deal(seed % 5);
        const draws = random(draw);
        const [one, another] = [0, 1].map((): Action => ({ kind: 'keep', amounts: deal.quantities.map((q) => draws.integer(q + 1)) })) as [
          Action,
          Action,
        ];
        const straight = rules.settle(deal, [one, another]);
        const swapped = rules.settle({ ...deal, values: [deal.values[1], deal.values[0]] }, [another, one]);
        expect(swapped.rewards).toEqual([straight.rewards[1], straight.rewards[0]]);
        expect(swapped.shares).toEqual([straight.shares[1], straight.shares[0]]);
        expect(swapped.bestJointReward).toBe(straight.bestJointReward);
      }),
    );
  });

  it('shares in proportion where proposals exceed what is there', () => {
    const rules = trustAndSplitRules(defaultGameSettings('trust-and-split'), () => handDeal(['rock', 'scissors'], 0));
    const keep = (n: number): Action => ({ kind: 'keep', amounts: [n] });
    expect(rules.settle(rules.deal(0), [keep(7), keep(3)]).rewards).toEqual([70, 3]);
    expect(rules.settle(rules.deal(0), [keep(10), keep(10)]).rewards).toEqual([50, 5]);
    expect(rules.settle(rules.deal(0), [keep(10), keep(5)]).shares[0]![0]).toBeCloseTo(20 / 3);
    expect(rules.settle(rules.deal(0), [keep(2), keep(3)]).shares).toEqual([[2], [3]]);
  });

  it('gives both nothing in Deal or No Deal unless the proposals fit exactly', () => {
    const rules = dealOrNoDealRules(defaultGameSettings('deal-or-no-deal'), () => ({
      quantities: [2, 1, 3],
      values: [
        [1, 2, 7],
        [4, 6, 0],
      ],
      opener: 0,
    }));
    const keep = (...amounts: number[]): Action => ({ kind: 'keep', amounts });
    expect(rules.settle(rules.deal(0), [keep(0, 0, 3), keep(2, 1, 0)]).rewards).toEqual([21, 14]);
    expect(rules.settle(rules.deal(0), [keep(0, 0, 3), keep(2, 0, 0)]).rewards).toEqual([0, 0]);
    expect(rules.settle(rules.deal(0), [keep(0, 0, 3), keep(2, 1, 1)]).rewards).toEqual([0, 0]);
  });
});

describe('dealing', () => {
  it('keeps the rules of every game', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const hands = handDeals(random(seed));
        const values = valueDeals(random(seed));
        const kinds = splitDeals(random(seed));
        const items = itemDeals(random(seed));
        for (let round = 0; round < 10; round++) {
          const hand = hands(round);
          expect(hand.hands![0]).not.toBe(hand.hands![1]);
          expect(hand.values.map(([value]) => value)).toEqual(beats(...hand.hands!) ? [10, 1] : [1, 10]);
          expect(hand.opener).toBe(round % 2 === 0 ? hands(0).opener : other(hands(0).opener!));
          for (const [value] of values(round).values) expect(value! >= 1 && value! <= 20 && Number.isInteger(value)).toBe(true);
          const [own, others] = kinds(round).values;
          expect(own.reduce((a, b) => a + b)).toBe(others.reduce((a, b) => a + b));
          expect(own).not.toEqual(others);
          for (const value of [...own, ...others]) expect([1, 10]).toContain(value);
          const { quantities, values: worth } = items(round);
          const total = quantities.reduce((a, b) => a + b);
          expect(total >= 5 && total <= 7 && quantities.every((n) => n >= 1)).toBe(true);
          expect(worth.map((each) => each.reduce((a, b) => a + b))).toEqual([10, 10]);
          expect(interesting(worth)).toBe(true);
          expect(worth).toEqual(items(0).values);
        }
      }),
    );
  });

  it('gets to all that can be dealt', () => {
    const dealt = Array.from({ length: 400 }, (_, seed) => random(seed));
    expect(new Set(dealt.map((r) => handDeals(r)(0).hands!.join())).size).toBe(6);
    expect(new Set(dealt.map((r) => handDeals(r)(0).opener)).size).toBe(2);
    expect(new Set(dealt.map((r) => splitDeals(r)(0).values.join('|'))).size).toBe(12);
    expect(new Set(dealt.map((r) => valueDeals(r)(0).values[1][0])).size).toBe(20);
    expect(new Set(dealt.map((r) => itemDeals(r)(0).quantities.join())).size).toBe(6 + 10 + 15);
  });
});

describe('short prompts', () => {
  const words = new Set(VOCABULARY);

  it('know each of at most 128 words once', () => {
    expect(words.size).toBe(VOCABULARY.length);
    expect(VOCABULARY.length).toBeLessThanOrEqual(128);
    for (const list of Object.values(MESSAGE_WORDS)) for (const word of list) expect(words).toContain(word);
    const special: readonly string[] = [...SPECIAL_WORDS, 'keep', 'say', 'them', 'A'];
    for (const list of Object.values(MESSAGE_WORDS)) for (const word of special) expect(list).not.toContain(word);
  });

  it.each(GAME_IDS)('%s: every word that a prompt shows or a scripted player says is in the vocabulary', async (id) => {
    for (const showRound of [true, false]) {
      const settings = { ...defaultGameSettings(id), showRound };
      const seeded = Array.from({ length: 40 }, (_, n) => n);
      const names = scriptedPlayers(id).names;
      const players = seeded.map((n) =>
        SEATS.map((seat) => (n % 2 ? scriptedPlayers(id).get(names[(n + seat) % names.length]!) : pretrainingPlayer(id, random(n, seat)))),
      );
      const draws = random(9);
      const spoken = new Set<string>();
      const played = await play(
        seeded.map((n) => games[id].start(settings, random(n))),
        async (pending) =>
          pending.map(({ negotiation, seat, request }) => {
            if (request.constraint.kind === 'choice') for (const choice of request.constraint.choices) spoken.add(choice);
            return players[negotiation]![seat]!.reply(request, draws);
          }),
      );
      expect([...spoken].flatMap((choice) => choice.split(' ')).filter((word) => !words.has(word))).toEqual([]);
      for (const { turns } of played) {
        for (const { observation, text, valid, kind } of turns) {
          const unknown = `${observation} ${text}`.split(' ').filter((word) => !words.has(word));
          expect(unknown, `"${observation}" → "${text}"`).toEqual([]);
          expect(valid).toBe(true);
          if (kind === 'message') expect(text.split(' ').length).toBeLessThanOrEqual(settings.messageTokens);
        }
      }
    }
  });

  it('say in words what chat models are told in sentences', async () => {
    let position = games['trust-and-split'].start(defaultGameSettings('trust-and-split'), random(0));
    const { deal } = position;
    const opener = deal!.opener!;
    expect(position.requests.map((r) => r.observation)).toEqual([`r0 ${deal!.hands![opener]} say`]);
    position = position.advance(['i have rock and more']);
    expect(position.requests.map((r) => r.observation)).toEqual([`r0 ${deal!.hands![other(opener)]} them i have rock say`]);
    position = position.advance(['trust me']);
    const acting = position.requests.map((r) => r.observation);
    expect([acting[opener], acting[other(opener)]]).toEqual(['them trust me keep', 'keep']);
    position = position.advance(['7', '2']);
    const next = position.deal!.opener!;
    const worth = deal!.values[other(next)][0] === 10 ? 'high' : 'low';
    expect(position.requests[0]!.observation).toBe(`${worth} ${other(next) === 0 ? 7 : 2} r1 ${position.deal!.hands![next]} say`);
  });
});
