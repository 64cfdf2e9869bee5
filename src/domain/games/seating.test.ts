import { describe, expect, it } from 'vitest';
import { measure } from '../metrics';
import { scriptedPlayers } from '../players';
import { random } from '../random';
import { type PlayedNegotiation, play } from '../rollout';
import { type Pair, pair } from '../seat';
import type { GameId, Negotiation } from './game';
import { defaultGameSettings, GAME_IDS, games } from './index';
import { seatedWith, swapSeats } from './seating';

const start = (id: GameId, prompts: 'short' | 'full'): Negotiation => games[id].start(defaultGameSettings(id, prompts), random(3));

async function playScripted(id: GameId, position: Negotiation, names: Pair<string>): Promise<PlayedNegotiation> {
  const players = pair((seat) => scriptedPlayers(id).get(names[seat]));
  const [played] = await play([position], async (pending) =>
    pending.map(({ seat, turn, request }) => players[seat].reply(request, random('reply', turn))),
  );
  return played!;
}

const NAMES = (id: GameId): Pair<string> => (id === 'ipd' ? ['random(0.4)', 'tit-for-tat'] : ['greedy', 'reciprocal']);

describe.each(GAME_IDS)('%s', (id) => {
  it('seats with prompts of their own play the same rounds, each reading its own wording', async () => {
    const mixed = await playScripted(id, seatedWith([start(id, 'short'), start(id, 'full')]), NAMES(id));
    const short = await playScripted(id, start(id, 'short'), NAMES(id));
    const full = await playScripted(id, start(id, 'full'), NAMES(id));
    expect(mixed.negotiation.rounds).toEqual(short.negotiation.rounds);
    expect(mixed.turns.map((turn) => turn.observation)).toEqual(
      mixed.turns.map((turn, i) => (turn.seat === 0 ? short : full).turns[i]!.observation),
    );
  });

  it('swapping seats twice changes nothing; once, it turns what each seat did to the other', async () => {
    const { rounds } = (await playScripted(id, start(id, 'short'), NAMES(id))).negotiation;
    const swapped = rounds.map(swapSeats);
    expect(swapped.map(swapSeats)).toEqual(rounds);
    expect(measure(id, [swapped], undefined, [0])).toEqual({
      ...measure(id, [rounds], undefined, [1]),
      meanReward: measure(id, [swapped]).meanReward,
    });
    expect(measure(id, [swapped]).meanReward).toEqual([...measure(id, [rounds]).meanReward!].reverse());
  });
});

describe('a request', () => {
  it('tells whether a text parses, and takes any message', () => {
    const [request] = start('ipd', 'short').requests;
    expect([request!.parses('A'), request!.parses(' "B". '), request!.parses('C'), request!.parses('')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const [message] = start('trust-and-split', 'short').requests;
    expect(message!.parses('anything at all')).toBe(true);
  });
});
