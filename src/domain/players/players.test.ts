import { describe, expect, it } from 'vitest';
import type { GameId, Negotiation } from '../games/game';
import { defaultGameSettings, games } from '../games/index';
import { negotiate, type RoundRules } from '../games/negotiation';
import { amounts } from '../games/sharing/proposals';
import { splitRules } from '../games/split/split';
import { handDeal } from '../games/trust-and-split/hands';
import { trustAndSplitRules } from '../games/trust-and-split/trustAndSplit';
import { type Random, random } from '../random';
import { play } from '../rollout';
import { pair, type Seat } from '../seat';
import type { ScriptedPlayer } from './player';
import { PRETRAINING_MIXES, pretrainingPlayer } from './pretraining';
import { scriptedPlayers } from './registry';

/** Two players' negotiation, to its end. */
async function meet(
  start: Negotiation,
  players: readonly [ScriptedPlayer, ScriptedPlayer],
  draws: Random = random(1),
): Promise<Negotiation> {
  const [played] = await play([start], async (pending) => pending.map(({ seat, request }) => players[seat].reply(request, draws)));
  return played!.negotiation;
}

/** A player that does what it is told, round by round. */
function puppet(...texts: string[]): ScriptedPlayer {
  return { name: 'puppet', reply: (request) => (request.kind === 'message' ? 'hello friend' : texts[request.view.round]!) };
}

describe('players of the Iterated Prisoner’s Dilemma', () => {
  const against = async (name: string, theirs: string): Promise<string> => {
    const start = games.ipd.start({ ...defaultGameSettings('ipd'), rounds: theirs.length }, random(0));
    const { rounds } = await meet(start, [scriptedPlayers('ipd').get(name), puppet(...theirs)]);
    return rounds.map(({ actions }) => (actions[0].kind === 'choice' ? actions[0].choice : '?')).join('');
  };

  it.each([
    ['always-cooperate', 'AAAAAA'],
    ['always-defect', 'BBBBBB'],
    ['tit-for-tat', 'AABABA'],
    ['grim-trigger', 'AABBBB'],
    ['random(1)', 'AAAAAA'],
    ['random(0)', 'BBBBBB'],
  ])('%s', async (name, expected) => expect(await against(name, 'ABABAA')).toBe(expected));

  it('random(p) cooperates with probability p', async () => {
    const chosen = await against('random(0.7)', 'A'.repeat(2000));
    expect(Math.abs([...chosen].filter((c) => c === 'A').length / 2000 - 0.7)).toBeLessThan(0.04);
  });
});

describe('players of the split games', () => {
  const settings = (id: GameId) => ({ ...defaultGameSettings(id), rounds: 4 });
  const kept = ({ rounds }: Negotiation, seat: Seat): readonly (readonly number[])[] => rounds.map(({ actions }) => amounts(actions[seat]));
  const player = (name: string): ScriptedPlayer => scriptedPlayers('split').get(name);
  const values: RoundRules['deal'] = () => ({
    quantities: [10, 10, 10],
    values: [
      [10, 1, 1],
      [1, 1, 10],
    ],
  });

  it('generous gives each kind to whoever values it more and halves ties; fair halves; greedy keeps all', async () => {
    const start = negotiate(splitRules(settings('split'), values));
    const end = await meet(start, [player('generous'), player('generous')]);
    expect(kept(end, 0)[0]).toEqual([10, 5, 0]);
    expect(kept(end, 1)[0]).toEqual([0, 5, 10]);
    expect(end.rounds[0]!.rewards[0] + end.rounds[0]!.rewards[1]).toBe(end.rounds[0]!.bestJointReward);
    expect(kept(await meet(start, [player('fair'), player('greedy')]), 0)[0]).toEqual([5, 5, 5]);
    expect(kept(await meet(start, [player('fair'), player('greedy')]), 1)[0]).toEqual([10, 10, 10]);
  });

  it('reciprocal answers greed with greed, once', async () => {
    const start = negotiate(splitRules(settings('split'), values));
    // Greed is keeping most of a kind that one values less: the first kind here, for the second seat.
    const end = await meet(start, [player('reciprocal'), puppet('0 5 10', '8 0 0', '0 10 10', '0 0 0')]);
    expect(kept(end, 0)).toEqual([
      [10, 5, 0],
      [10, 5, 0],
      [10, 10, 10],
      [10, 5, 0],
    ]);
  });

  it('in Trust-and-Split generous tells its hand, trusts the other’s word, and halves without one', async () => {
    const rules = trustAndSplitRules(settings('trust-and-split'), (round) =>
      handDeal(round % 2 ? ['rock', 'paper'] : ['rock', 'scissors'], 0),
    );
    const end = await meet(negotiate(rules), [player('generous'), player('generous')]);
    expect(kept(end, 0)).toEqual([[10], [0], [10], [0]]);
    expect(end.rounds.every(({ rewards, bestJointReward }) => rewards[0] + rewards[1] === bestJointReward)).toBe(true);
    expect(end.rounds[0]!.messages.map((said) => said.text)).toEqual(['i have rock', 'i have scissors']);
    expect(kept(await meet(negotiate(rules), [player('generous'), puppet('5', '5', '5', '5')]), 0)).toEqual([[5], [5], [5], [5]]);
    const liar: ScriptedPlayer = { name: 'liar', reply: ({ kind }) => (kind === 'message' ? 'my hand is paper' : '10') };
    // The lie is found out after the round, so a reciprocal player answers it.
    expect(kept(await meet(negotiate(rules), [player('reciprocal'), liar]), 0)).toEqual([[0], [10], [0], [10]]);
    const quiet = trustAndSplitRules({ ...settings('trust-and-split'), messagesPerRound: 0 }, rules.deal);
    expect(kept(await meet(negotiate(quiet), [player('generous'), player('generous')]), 0)).toEqual([[5], [5], [5], [5]]);
  });

  it('in Deal or No Deal honest players agree in every round', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const start = games['deal-or-no-deal'].start(settings('deal-or-no-deal'), random(seed));
      for (const name of ['generous', 'fair']) {
        const { rounds } = await meet(start, [player(name), player(name)]);
        for (const { actions, deal } of rounds) {
          const [one, another] = pair((seat) => amounts(actions[seat]));
          expect(one.map((n, kind) => n + another[kind]!)).toEqual(deal.quantities);
        }
      }
    }
  });
});

describe('the registry', () => {
  it('names the nearest right name', () => {
    expect(() => scriptedPlayers('ipd').get('tit-for-tatt')).toThrow(
      'ipd has no scripted player "tit-for-tatt": did you mean "tit-for-tat"?',
    );
    expect(() => scriptedPlayers('split').get('Greedy!')).toThrow('did you mean "greedy"?');
    expect(() => scriptedPlayers('split').get('random(0.5)')).toThrow('split has no scripted player');
    expect(() => scriptedPlayers('ipd').get('random(1.5)')).toThrow('give one from 0 to 1');
    expect(() => scriptedPlayers('ipd').get('random()')).toThrow('give one from 0 to 1');
    expect(scriptedPlayers('ipd').get('random').name).toBe('random(0.5)');
    expect(() => scriptedPlayers('ipd').get('minimax')).toThrow('no scripted player "minimax": there are always-cooperate, ');
  });
});

describe('pretraining players', () => {
  it('are drawn by weight', () => {
    const drawn = Array.from({ length: 4000 }, (_, n) => pretrainingPlayer('ipd', random(n)).name);
    for (const { player, weight } of PRETRAINING_MIXES.ipd.broad) {
      expect(Math.abs(drawn.filter((name) => name.startsWith(player)).length / 4000 - weight)).toBeLessThan(0.03);
    }
    expect(() => pretrainingPlayer('ipd', random(0), [])).toThrow('mix of ipd is empty');
  });

  it('give the prior of the IPD the reciprocity that Advantage Alignment needs', async () => {
    const starts = Array.from({ length: 600 }, () => games.ipd.start(defaultGameSettings('ipd'), random(0)));
    const players = starts.map((_, n) => pair((seat) => pretrainingPlayer('ipd', random(n, seat))));
    const draws = random(2);
    const played = await play(starts, async (pending) =>
      pending.map(({ negotiation, seat, request }) => players[negotiation]![seat].reply(request, draws)),
    );
    const { CC, CD, DC, DD } = games.ipd.measures(played.map(({ negotiation }) => negotiation.rounds)).cooperateAfter!;
    // With a gap of 0.1 or less between answers to cooperation and to defection, aa ends in defection.
    expect(CC! - CD!).toBeGreaterThan(0.13);
    expect(DC! - DD!).toBeGreaterThan(0.13);
    expect(CC!).toBeGreaterThan(0.65);
    expect(DD!).toBeLessThan(0.55);
  });

  it('speak Trust-and-Split in several wordings, mostly truthfully', async () => {
    const starts = Array.from({ length: 200 }, (_, n) => games['trust-and-split'].start(defaultGameSettings('trust-and-split'), random(n)));
    const players = starts.map((_, n) => pair((seat) => pretrainingPlayer('trust-and-split', random(n, seat))));
    const draws = random(3);
    const played = await play(starts, async (pending) =>
      pending.map(({ negotiation, seat, request }) => players[negotiation]![seat].reply(request, draws)),
    );
    const { statesHandRate, truthfulRate } = games['trust-and-split'].measures(played.map(({ negotiation }) => negotiation.rounds));
    expect(statesHandRate).toBeGreaterThan(0.88);
    expect(truthfulRate).toBeGreaterThan(0.88);
    expect(truthfulRate).toBeLessThan(0.97);
    const messages = new Set(played.flatMap(({ turns }) => turns.filter((turn) => turn.kind === 'message').map((turn) => turn.text)));
    expect(messages).toEqual(
      new Set([
        'lets split fair',
        'hello friend',
        'trust me',
        ...['rock', 'paper', 'scissors'].flatMap((hand) => [`i have ${hand}`, `my hand is ${hand}`, `${hand} trust me`]),
      ]),
    );
  });
});
