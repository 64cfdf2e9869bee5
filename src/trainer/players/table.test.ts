import { describe, expect, it } from 'vitest';
import { TabularEngine } from '../../../test/unit/trainer/tabularEngine';
import { defaultGameSettings, games } from '../../domain/games';
import { scriptedPlayers } from '../../domain/players';
import { random } from '../../domain/random';
import { play } from '../../domain/rollout';
import type { Pair } from '../../domain/seat';
import { ChatClient } from '../../engine/chat-api/client';
import { hangs, json, says, startMisbehavingServer } from '../../engine/chat-api/misbehavingServer';
import { chatEndpoint } from '../../protocol/chatEndpoints';
import { selfPlay } from '../selfPlay';
import type { Player, PolicyPlayer } from './player';
import { openingFor, Table } from './table';

const RULES = { rounds: 3 };

function policyPlayer(engine: TabularEngine, speech: Partial<PolicyPlayer['speech']> = {}): PolicyPlayer {
  return {
    kind: 'policy',
    name: 'policy',
    settings: { ...defaultGameSettings('ipd'), ...RULES },
    engine,
    policy: engine.base,
    speech: { decoding: 'masked', retries: 0, temperature: 1, ...speech },
  };
}

function scripted(name: string): Player {
  return { kind: 'scripted', name: `scripted:${name}`, player: scriptedPlayers('ipd').get(name) };
}

function tableOf(players: readonly Pair<Player>[], signal?: AbortSignal) {
  const positions = players.map((both) => openingFor('ipd', both, RULES, () => random('deal')));
  return { positions, table: new Table({ game: 'ipd', positions, players, uniforms: random('token'), ...(signal && { signal }) }) };
}

async function playAll(players: readonly Pair<Player>[]) {
  const { positions, table } = tableOf(players);
  try {
    const played = await play(positions, (pending) => table.answer(pending));
    return { played, transcripts: table.transcripts, retries: table.retries };
  } finally {
    table.close();
  }
}

const choices = (rounds: readonly { readonly actions: Pair<unknown> }[], seat: 0 | 1): string =>
  rounds.map(({ actions }) => (actions[seat] as { choice: string }).choice).join('');

describe('a table', () => {
  it('seats players of every kind at once', async () => {
    const server = await startMisbehavingServer();
    server.otherwise((response, { body }) =>
      says(body.messages.length === 1 ? 'A' : 'B')(response, { path: '', headers: {}, body: { messages: [] } }),
    );
    const endpoint = chatEndpoint.parse({ baseUrl: server.url, model: 'm', retries: 0 });
    const client = new ChatClient({ name: 'test', endpoint, random: random(1) });
    const chat: Player = {
      kind: 'chat',
      name: 'api:test',
      settings: { ...defaultGameSettings('ipd', 'full'), ...RULES },
      client,
      retries: 0,
    };
    const engine = new TabularEngine({
      prior: [
        ['A', 3],
        ['<end>', 3],
      ],
    });
    const [policy, titForTat, defector] = [policyPlayer(engine), scripted('tit-for-tat'), scripted('always-defect')];
    const { played, transcripts } = await playAll([
      [titForTat, defector],
      [chat, titForTat],
      [defector, policy],
      [policy, chat],
    ]);
    const rounds = played.map(({ negotiation }) => negotiation.rounds);
    expect(rounds.map((each) => each.length)).toEqual([3, 3, 3, 3]);
    expect([choices(rounds[0]!, 0), choices(rounds[0]!, 1)]).toEqual(['ABB', 'BBB']);
    expect([choices(rounds[1]!, 0), choices(rounds[1]!, 1)]).toEqual(['ABB', 'AAB']);
    expect([choices(rounds[3]!, 1)]).toEqual(['ABB']);
    // Each read the game in its own words.
    const first = played[3]!.turns.slice(0, 2).map(({ observation }) => observation);
    expect(first[0]).toBe('play');
    expect(first[1]).toContain('You are playing a game');
    expect(transcripts.map((both) => both.map((each) => each?.turns.length ?? null))).toEqual([
      [null, null],
      [null, null],
      [null, 3],
      [3, null],
    ]);
    expect(engine.openLanes).toBe(0);
    await server.close();
  });

  it('is self-play where one policy has both seats: the same draws, the same tokens', async () => {
    const engine = new TabularEngine({
      prior: [
        ['A', 1],
        ['B', 1],
        ['<end>', 1],
      ],
    });
    for (const speech of [{}, { decoding: 'free' }, { decoding: 'retry', retries: 2 }] as const) {
      const player = policyPlayer(engine, speech);
      const { played, transcripts, retries } = await playAll(Array.from({ length: 6 }, () => [player, player]));
      const alone = await selfPlay({
        engine,
        positions: Array.from({ length: 6 }, () => games.ipd.start(player.settings, random('deal'))),
        policies: Array.from({ length: 6 }, () => [engine.base, engine.base]),
        speech: player.speech,
        uniforms: random('token'),
        capacity: 64,
      });
      expect(played.map(({ turns }) => turns)).toEqual(alone.negotiations.map(({ turns }) => turns));
      expect(transcripts).toEqual(alone.negotiations.map((each) => each.transcripts));
      expect(retries).toBe(alone.retries);
    }
  });

  it('lets a policy try again beside players that are none', async () => {
    const engine = new TabularEngine({
      prior: [
        ['A', 1],
        ['B', 1],
        ['rock', 1],
        ['<end>', 1],
      ],
    });
    const policy = policyPlayer(engine, { decoding: 'retry', retries: 3 });
    const { played, retries } = await playAll(
      Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? [policy, scripted('grim-trigger')] : [scripted('random(0.5)'), policy])),
    );
    expect(played.every(({ negotiation }) => negotiation.rounds.every(({ valid }) => valid[0] && valid[1]))).toBe(true);
    expect(retries).toBeGreaterThan(0);
    expect(engine.openLanes).toBe(0);
  });

  it('ends with the error of a player that gives no answer, and lets go of the lanes', async () => {
    const server = await startMisbehavingServer();
    server.script(json(401, { error: { message: 'no' } }));
    server.otherwise(hangs);
    const endpoint = chatEndpoint.parse({ baseUrl: server.url, model: 'm', retries: 0 });
    const client = new ChatClient({ name: 'test', endpoint, random: random(1) });
    const chat: Player = {
      kind: 'chat',
      name: 'api:test',
      settings: { ...defaultGameSettings('ipd', 'full'), ...RULES },
      client,
      retries: 0,
    };
    const engine = new TabularEngine();
    await expect(
      playAll([
        [chat, policyPlayer(engine)],
        [chat, scripted('tit-for-tat')],
      ]),
    ).rejects.toThrow(/^api:test: HTTP 401/);
    expect(engine.openLanes).toBe(0);
    await server.close();
  });
});
