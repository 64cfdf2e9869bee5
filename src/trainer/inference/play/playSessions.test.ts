import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { says, startMisbehavingServer } from '../../../engine/chat-api/misbehavingServer';
import { openOnnxEngine } from '../../../engine/onnx/engine';
import { chatEndpoints } from '../../../protocol/chatEndpoints';
import type { InferenceSettings } from '../../../protocol/inference';
import { PLAY_PATHS, type PlayPosition, playFile } from '../../../protocol/play';
import { mediaFolder } from '../../../runs/media';
import { RolloutReader } from '../../../runs/rolloutReader';
import { EnginePool } from '../enginePool';
import type { Work } from '../work';
import { PlaySessions } from './playSessions';

let root: string;
let pool: EnginePool;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'play-'));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(() => {
  pool = new EnginePool((model) => openOnnxEngine({ model, threads: 1, device: 'cpu', spinning: false }));
});
afterEach(() => pool.retire());

function work(apis: InferenceSettings['apis'] = {}): Work {
  return {
    settings: { threads: 1, device: 'cpu', apis, keys: { lab: 'secret' } },
    media: mediaFolder(__dirname),
    signal: new AbortController().signal,
    openEngine: (model) => pool.lease(model),
    progress: () => undefined,
  };
}

const sitDown = (tables: PlaySessions, out: string, change: Partial<Parameters<PlaySessions['sit']>[0]> = {}, how = work()) =>
  tables.sit({ job: 0, game: 'ipd', opponent: 'seed', seat: 0, seed: 3, rules: { rounds: 4 }, out: join(root, out), ...change }, how);

/** Takes turns until it has ended; every second choice is the first that is offered, the others the last. */
async function playOut(tables: PlaySessions, from: PlayPosition, how = work()): Promise<PlayPosition> {
  let at = from;
  for (let turn = 0; at.ask !== null; turn++) {
    const { constraint } = at.ask;
    const text = constraint.kind === 'choice' ? constraint.choices.at(turn % 2 === 0 ? 0 : -1)! : 'hello';
    at = await tables.say({ job: turn, session: at.session, text }, how);
  }
  return at;
}

const kept = async (folder: string) => playFile.parse(JSON.parse(await readFile(join(folder, PLAY_PATHS.play), 'utf8')));

describe('play against the embedded policy', () => {
  it('is kept turn by turn, and at its end as rollouts with the policy’s tokens', async () => {
    const tables = new PlaySessions();
    const first = await sitDown(tables, 'whole');
    expect(await kept(first.folder)).toEqual(first.file);
    expect(first.file).toMatchObject({ opponent: { name: 'seed', player: 'seed' }, turns: [], rounds: [], rollouts: null, usage: null });
    const second = await tables.say({ job: 1, session: first.session, text: 'A' }, work());
    expect((await kept(first.folder)).turns).toEqual(second.file.turns);
    expect(second.file.turns).toHaveLength(2);

    const last = await playOut(tables, second);
    const file = await kept(first.folder);
    expect(file).toEqual(last.file);
    expect(file.rounds).toHaveLength(4);
    const turns = await new RolloutReader().negotiation(first.folder, file.rollouts!, 0);
    expect(turns.map(({ player, text }) => `${player} ${text}`)).toEqual(
      file.turns.map(({ seat, text }) => `${seat === 0 ? 'human' : 'seed'} ${text}`),
    );
    expect(turns.filter(({ player }) => player === 'seed').every(({ log_probs }) => log_probs.length > 0)).toBe(true);
    expect(turns.filter(({ kind, seat }) => kind === 'action' && seat === 1).map(({ reward }) => reward)).toEqual(
      file.rounds.map(({ rewards }) => rewards[1]),
    );
    await expect(tables.say({ job: 9, session: first.session, text: 'A' }, work())).rejects.toThrow('This table is gone');
    await expect(tables.takeUp({ job: 9, folder: first.folder }, work())).rejects.toThrow('has ended');
    await expect(sitDown(tables, 'whole')).rejects.toThrow('is not empty');
  });

  it('goes on where it was left, the policy saying what it said before', async () => {
    const game = { game: 'trust-and-split', rules: { rounds: 2 } } as const;
    const tables = new PlaySessions();
    const whole = await playOut(tables, await sitDown(tables, 'one', game));
    const first = new PlaySessions();
    let at = await sitDown(first, 'two', game);
    at = await first.say({ job: 1, session: at.session, text: 'hello' }, work());
    await first.leave({ session: at.session, job: 2 });
    await first.leave({ session: at.session, job: 3 });
    const again = await new PlaySessions().takeUp({ job: 4, folder: at.folder }, work());
    expect(again.file.turns).toEqual(at.file.turns);
    expect(again.ask).toEqual(at.ask);
    expect(again.session).not.toBe(at.session);
    expect(whole.file.turns.slice(0, at.file.turns.length)).toEqual(at.file.turns);
  });

  it('is refused where the policy does not answer as it did, and what was said stays', async () => {
    const own = new PlaySessions();
    let at = await sitDown(own, 'changed');
    at = await own.say({ job: 1, session: at.session, text: 'A' }, work());
    await own.leave({ session: at.session, job: 2 });
    const turns = at.file.turns.map((turn) => (turn.seat === 1 ? { ...turn, text: turn.text === 'A' ? 'B' : 'A' } : turn));
    const text = JSON.stringify({ ...at.file, turns });
    await writeFile(join(at.folder, PLAY_PATHS.play), text);
    await expect(own.takeUp({ job: 3, folder: at.folder }, work())).rejects.toThrow('seed does not answer as it did');
    expect(await readFile(join(at.folder, PLAY_PATHS.play), 'utf8')).toBe(text);
    await writeFile(join(at.folder, PLAY_PATHS.play), '{');
    await expect(own.takeUp({ job: 3, folder: at.folder }, work())).rejects.toThrow('play.json is not whole JSON');
  });

  it('keeps its lanes while other work is done, and its engine while others come and go', async () => {
    const own = new PlaySessions();
    const at = await sitDown(own, 'interleaved');
    // Settings change, and another piece of work needs the same model: the table's engine is not closed under it.
    await pool.retire();
    const other = await sitDown(new PlaySessions(), 'meanwhile', { seed: 4 });
    expect(other.ask?.round).toBe(0);
    expect((await playOut(own, at)).file.rounds).toHaveLength(4);
  });
});

describe('play against an endpoint', () => {
  it('says what it cost, and cannot be taken up once its conversation is gone', async () => {
    const server = await startMisbehavingServer();
    server.otherwise(says('B'));
    const apis = chatEndpoints.parse({ lab: { baseUrl: server.url, model: 'm', retries: 0, prices: { input: 10, output: 100 } } });
    const own = new PlaySessions();
    let at = await sitDown(own, 'lab', { opponent: 'api:lab', rules: { rounds: 2 } }, work(apis));
    expect(server.seen).toHaveLength(0);
    at = await own.say({ job: 1, session: at.session, text: 'A' }, work(apis));
    expect(server.seen[0]?.headers.authorization).toBe('Bearer secret');
    expect(at.file.usage).toMatchObject({ replies: 1, promptTokens: 100, cost: expect.closeTo(0.002) });
    expect(await readFile(join(at.folder, PLAY_PATHS.play), 'utf8')).not.toContain('secret');
    // The table is still there.
    expect((await own.takeUp({ job: 2, folder: at.folder }, work(apis))).session).toBe(at.session);
    await own.leave({ session: at.session, job: 3 });
    await expect(own.takeUp({ job: 4, folder: at.folder }, work(apis))).rejects.toThrow('api:lab gives no answer twice');
    await server.close();
  });
});
