import { describe, expect, it } from 'vitest';
import { TabularEngine } from '../../../../test/unit/trainer/tabularEngine';
import { defaultGameSettings, GAME_IDS } from '../../../domain/games';
import type { GameId } from '../../../domain/games/game';
import { scriptedPlayers } from '../../../domain/players';
import { random } from '../../../domain/random';
import type { Seat } from '../../../domain/seat';
import { ChatClient } from '../../../engine/chat-api/client';
import { json, says, startMisbehavingServer } from '../../../engine/chat-api/misbehavingServer';
import { chatEndpoint } from '../../../protocol/chatEndpoints';
import type { Player } from '../../players/player';
import { PlaySession } from './playSession';

const { signal } = new AbortController();

function scripted(game: GameId, name: string): Player {
  return { kind: 'scripted', name: `scripted:${name}`, player: scriptedPlayers(game).get(name) };
}

function sit(game: GameId, opponent: Player, { rounds = 3, seat = 0 as Seat, seed = 1 } = {}): PlaySession {
  return new PlaySession({ game, rules: { rounds }, seed, seat, opponent });
}

/** Says the first choice that is offered, or nothing, until it is over. */
async function playOut(session: PlaySession): Promise<void> {
  for (let { ask } = session; ask !== null; ask = session.ask) {
    await session.say(ask.constraint.kind === 'choice' ? ask.constraint.choices[0]! : '', signal);
  }
}

describe('a person at the table', () => {
  it('plays a negotiation by the rules, in full sentences', async () => {
    const session = sit('ipd', scripted('ipd', 'tit-for-tat'), { seat: 1 });
    await session.begin(signal);
    expect(session.ask).toMatchObject({ round: 0, kind: 'action', constraint: { kind: 'choice', choices: ['A', 'B'] } });
    expect(session.ask?.observation).toContain('You are playing a game of several rounds');
    for (const said of ['A', 'b', 'A']) await session.say(said, signal);
    expect(session.ask).toBeNull();
    expect(session.outcome?.negotiation.rounds.map(({ rewards }) => rewards)).toEqual([
      [3, 3],
      [0, 5],
      [5, 0],
    ]);
    expect(session.turns.map(({ round, seat, text }) => `${round} ${seat} ${text}`)).toEqual([
      '0 0 A',
      '0 1 A',
      '1 0 A',
      '1 1 B',
      '2 0 B',
      '2 1 A',
    ]);
    expect(session.turns[3]?.observation).toBe(
      'In the last round you chose A and they chose A. That gave you 3 points.\n\nWhat do you choose? Answer with the letter A or B and nothing else.',
    );
    const rows = session.rows();
    expect(rows.map(({ player }) => player)).toEqual([
      'scripted:tit-for-tat',
      'human',
      'scripted:tit-for-tat',
      'human',
      'scripted:tit-for-tat',
      'human',
    ]);
    expect(rows[3]).toMatchObject({ seat: 1, text: 'B', reward: 5, trained: false, token_ids: [], prompt: session.turns[3]?.observation });
    session.close();
  });

  it('refuses what the game takes none of, naming what it does, and loses nothing', async () => {
    const session = sit('split', scripted('split', 'fair'));
    await session.begin(signal);
    const before = session.ask;
    await expect(session.say('11 0 0', signal)).rejects.toThrow(
      '"11 0 0" is no answer here: give 3 whole numbers with spaces between them, from 0 0 0 to 10 10 10',
    );
    expect(session.ask).toEqual(before);
    expect(session.turns).toEqual([]);
    await session.say('5, 5, 5', signal);
    expect(session.ask?.round).toBe(1);
  });

  it('knows of the other what it is shown, and nothing more', async () => {
    for (const game of GAME_IDS) {
      for (const seat of [0, 1] as const) {
        const session = sit(game, scripted(game, scriptedPlayers(game).names[0]!), { seat });
        await session.begin(signal);
        await playOut(session);
        for (const turn of session.turns) expect(turn.observation === undefined).toBe(turn.seat !== seat);
        const own = session.outcome!.turns.filter((turn) => turn.seat === seat).map(({ observation }) => observation);
        expect(session.turns.flatMap(({ observation }) => (observation === undefined ? [] : [observation]))).toEqual(own);
      }
    }
  });

  it('is heard by a policy in the words that it knows, which are the only ones to say', async () => {
    const engine = new TabularEngine({
      prior: [
        ['rock', 2],
        ['5', 3],
        ['<end>', 3],
      ],
    });
    const settings = { ...defaultGameSettings('trust-and-split'), rounds: 2 };
    const speech = { decoding: 'masked', retries: 0, temperature: 1 } as const;
    const policy: Player = { kind: 'policy', name: 'policy', settings, engine, policy: engine.base, speech };
    const session = new PlaySession({ game: 'trust-and-split', rules: { rounds: 2 }, seed: 5, seat: 0, opponent: policy });
    await session.begin(signal);
    for (let { ask } = session; ask !== null; ask = session.ask) {
      if (ask.kind === 'message') {
        expect(ask.constraint).toMatchObject({ kind: 'message', maxTokens: 4 });
        await expect(session.say('abracadabra', signal)).rejects.toThrow('does not know the word "abracadabra"');
        await session.say('I have rock!', signal);
      } else await session.say('5', signal);
    }
    const rows = session.rows();
    const theirs = rows.filter(({ player }) => player === 'policy');
    expect(theirs.some(({ prompt }) => prompt.includes('them i have rock'))).toBe(true);
    expect(theirs.every(({ token_ids, log_probs }) => token_ids.length > 0 && token_ids.length === log_probs.length)).toBe(true);
    expect(rows.filter(({ player }) => player === 'human').every(({ token_ids }) => token_ids.length === 0)).toBe(true);
    session.close();
    expect(engine.openLanes).toBe(0);
  });

  it('waits for an endpoint that fails, and asks it again', async () => {
    const server = await startMisbehavingServer();
    const endpoint = chatEndpoint.parse({ baseUrl: server.url, model: 'm', retries: 0, prices: { input: 10, output: 100 } });
    const client = new ChatClient({ name: 'lab', endpoint, random: random(1) });
    const chat: Player = {
      kind: 'chat',
      name: 'api:lab',
      settings: { ...defaultGameSettings('ipd', 'full'), rounds: 2 },
      client,
      retries: 0,
    };
    const session = sit('ipd', chat, { rounds: 2 });
    await session.begin(signal);
    server.script(says('B'), json(503, { error: 'busy' }));
    await session.say('A', signal);
    await expect(session.say('A', signal)).rejects.toThrow('api:lab');
    expect(session.alive).toBe(true);
    expect(session.ask?.round).toBe(1);
    await session.say('B', signal);
    expect(session.outcome?.negotiation.rounds.map(({ rewards }) => rewards)).toEqual([
      [0, 5],
      [5, 0],
    ]);
    // The failed request left no trace in the conversation.
    expect(server.seen.at(-1)?.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(client.usage.cost).toBeCloseTo(2 * (100 * 10 + 10 * 100) * 1e-6);
    await server.close();
  });

  it('stops asking when it is called off', async () => {
    const server = await startMisbehavingServer();
    server.otherwise(() => undefined);
    const endpoint = chatEndpoint.parse({ baseUrl: server.url, model: 'm' });
    const client = new ChatClient({ name: 'lab', endpoint, random: random(1) });
    const chat: Player = { kind: 'chat', name: 'api:lab', settings: defaultGameSettings('ipd', 'full'), client, retries: 0 };
    const session = sit('ipd', chat);
    await session.begin(signal);
    const stop = new AbortController();
    const step = session.say('A', stop.signal);
    await expect.poll(() => server.seen.length).toBe(1);
    stop.abort(new Error('enough'));
    await expect(step).rejects.toThrow('enough');
    expect(session.ask?.round).toBe(0);
    await server.close();
  });
});
