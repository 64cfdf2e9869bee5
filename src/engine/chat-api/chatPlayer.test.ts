import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultGameSettings, games } from '../../domain/games';
import type { GameId, Negotiation } from '../../domain/games/game';
import { random } from '../../domain/random';
import { play } from '../../domain/rollout';
import { chatEndpoint } from '../../protocol/chatEndpoints';
import { ChatPlayer } from './chatPlayer';
import { ChatClient, ChatError } from './client';
import { hangs, json, type MisbehavingServer, says, startMisbehavingServer } from './misbehavingServer';

let server: MisbehavingServer;
beforeEach(async () => {
  server = await startMisbehavingServer();
});
afterEach(() => server.close());

function player(retries: number): ChatPlayer {
  const endpoint = chatEndpoint.parse({ baseUrl: server.url, model: 'm', retries: 0 });
  return new ChatPlayer(new ChatClient({ name: 'test', endpoint, random: random(1) }), { retries });
}

function start(game: GameId, rounds: number, settings: object = {}): Negotiation {
  return games[game].start({ ...defaultGameSettings(game, 'full'), rounds, ...settings }, random(5));
}

describe('ChatPlayer', () => {
  it('keeps a conversation for each seat: prompts from the user, replies from the assistant', async () => {
    server.otherwise((response, request) => says(request.body.messages.length === 1 ? 'A' : 'B')(response, request));
    const chat = player(0);
    const [played] = await play([start('ipd', 2)], (pending) => chat.answer(pending));
    expect(played!.negotiation.rounds.map(({ rewards }) => rewards)).toEqual([
      [3, 3],
      [1, 1],
    ]);
    const longest = server.seen.filter(({ body }) => body.messages.length === 3);
    expect(longest).toHaveLength(2);
    for (const { body } of longest) {
      expect(body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
      expect(body.messages[0]!.content).toContain('You are playing a game');
      expect(body.messages[1]!.content).toBe('A');
      expect(body.messages[2]!.content).toContain('In the last round you chose A and they chose A.');
    }
    expect(chat.count).toEqual({ turns: 4, retries: 0, invalid: 0 });
  });

  it('asks again for an action that does not parse, forgets the failure, and leaves the rest to the game', async () => {
    const chat = player(1);
    const position = start('ipd', 2);
    // Seat 0 fails once, seat 1 twice.
    server.script(says('I cooperate'), says('I defect'), says('A'), says('still no letter'));
    const only = async (seat: 0 | 1, from: Negotiation) => {
      const request = from.requests[seat]!;
      return (await chat.answer([{ negotiation: 0, seat, turn: seat, request }]))[0]!;
    };
    server.script(says('I cooperate'), says('A'));
    const first = await only(0, position);
    server.script(says('I defect'), says('still no letter'));
    const second = await only(1, position);
    expect([first, second]).toEqual(['A', 'still no letter']);
    expect(chat.count).toEqual({ turns: 2, retries: 2, invalid: 1 });
    expect(server.seen[1]!.body.messages.slice(1)).toEqual([
      { role: 'assistant', content: 'I cooperate' },
      { role: 'user', content: 'That is not a valid answer. Answer with A or B and nothing else.' },
    ]);
    const after = position.advance([first, second]);
    expect(after.rounds[0]).toMatchObject({ valid: [true, false], rewards: [0, 5] });

    server.otherwise(says('B'));
    await only(0, after);
    expect(
      server.seen
        .at(-1)!
        .body.messages.map(({ content }) => content)
        .slice(1, -1),
    ).toEqual(['A']);
  });

  it('keeps messages to the length that the game allows', async () => {
    const long = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');
    server.otherwise(
      json(200, {
        choices: [{ message: { content: long } }],
        usage: { prompt_tokens: 9, completion_tokens: 100, completion_tokens_details: { reasoning_tokens: 20 } },
      }),
    );
    const chat = player(0);
    const [request] = start('trust-and-split', 1, { messageTokens: 20 }).requests;
    const [text] = await chat.answer([{ negotiation: 0, seat: request!.seat, turn: 0, request: request! }]);
    expect(server.seen[0]!.body.max_tokens).toBe(20);
    // 80 tokens were said and 20 are allowed: a quarter of the text.
    expect(text!.length).toBeLessThanOrEqual(long.length / 4);
    expect(text!.length).toBeGreaterThan(long.length / 4 - 10);
    expect(long.startsWith(text!)).toBe(true);
  });

  it('does not count thoughts that stand in the text against a message', async () => {
    server.otherwise(
      json(200, {
        choices: [{ message: { content: `<think>${'so '.repeat(60)}</think>I have rock.` } }],
        usage: { prompt_tokens: 9, completion_tokens: 70 },
      }),
    );
    const [request] = start('trust-and-split', 1, { messageTokens: 20 }).requests;
    expect(await player(0).answer([{ negotiation: 0, seat: request!.seat, turn: 0, request: request! }])).toEqual(['I have rock.']);
  });

  it('calls the others off when one gets no answer', async () => {
    server.otherwise(hangs);
    server.script(json(401, { error: { message: 'no' } }));
    const pending = [0, 1, 2].map((negotiation) => ({ negotiation, seat: 0 as const, turn: 0, request: start('ipd', 1).requests[0]! }));
    await expect(player(0).answer(pending)).rejects.toThrow(ChatError);
  });
});
