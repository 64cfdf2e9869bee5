import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scriptedPlayers } from '../../../src/domain/players';
import { MATCHUP_PATHS } from '../../../src/protocol/matchups';
import { PLAY_PATHS } from '../../../src/protocol/play';
import { mediaFolder } from '../../../src/runs/media';
import { RunStore } from '../../../src/runs/runStore';
import { RunTree } from '../../../src/runs/runTree';
import { transcriptOf } from '../../../src/runs/transcript';
import { evaluate } from '../../../src/trainer/evaluate/evaluate';
import { PlaySessions } from '../../../src/trainer/inference/play/playSessions';
import type { Player } from '../../../src/trainer/players/player';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'played-'));
  const names = ['tit-for-tat', 'always-defect'];
  const players = names.map((name): Player => ({ kind: 'scripted', name: `scripted:${name}`, player: scriptedPlayers('ipd').get(name) }));
  const common = { seed: 3, negotiations: 4, batch: 512, parley: '0.0.0', created: '2026-01-01T00:00:00.000Z' };
  await evaluate({ ...common, game: 'ipd', players, rules: { rounds: 3 }, out: join(root, 'whole') });
});
afterAll(() => rm(root, { recursive: true }));

async function copyOf(name: string): Promise<string> {
  await cp(join(root, 'whole'), join(root, name), { recursive: true });
  return join(root, name);
}

describe('a folder of match-ups, opened', () => {
  it('reads like a finished run of pairs that nothing was trained by', async () => {
    const store = new RunStore();
    const run = await store.open(join(root, 'whole'));
    expect([run.id, run.name, run.status, run.created]).toEqual([
      'whole',
      'match-ups: ipd, 2 players',
      'finished',
      '2026-01-01T00:00:00.000Z',
    ]);
    expect(run.view()).toMatchObject({
      game: 'ipd',
      algorithm: null,
      iteration: 3,
      played: { kind: 'matchups', pairs: { 2: 'scripted:tit-for-tat · scripted:always-defect' } },
    });
    expect(run.view()?.problem).toBeUndefined();
    // Pairs of players are no training curve.
    expect(run.curve(0)).toEqual([]);

    const tree = new RunTree(store, ['whole', 'whole/2', 'whole/2/g0']);
    const rows = tree.window(0, 100).rows;
    expect(rows.map(({ label }) => label)).toEqual([
      'match-ups: ipd, 2 players',
      'scripted:tit-for-tat · scripted:tit-for-tat',
      'scripted:tit-for-tat · scripted:always-defect',
      'group 0',
      'negotiation 0',
      'negotiation 1',
      'group 1',
      'scripted:always-defect · scripted:always-defect',
    ]);
    expect(rows[0]).toMatchObject({ detail: '3 pairs, 4 negotiations each' });
    expect(rows[0]?.badge).toBeUndefined();
    // Tit-for-tat gets 0 + 1 + 1 in three rounds, the defector 5 + 1 + 1.
    expect(rows[2]).toMatchObject({ badge: '0.67 / 2.33' });
    expect(rows[4]).toMatchObject({ detail: 'Alice: scripted:tit-for-tat, Bob: scripted:always-defect', badge: '0.67 / 2.33' });
    expect(rows[5]).toMatchObject({ detail: 'Alice: scripted:always-defect, Bob: scripted:tit-for-tat', badge: '2.33 / 0.67' });
  });

  it('is filtered and sorted like a run', async () => {
    const store = new RunStore();
    await store.open(join(root, 'whole'));
    const tree = new RunTree(store, ['whole']);
    tree.filter.set('game == "ipd" and player.bob == "scripted:always-defect" and reward.alice < 1');
    expect(tree.filter.view()).toMatchObject({ problem: null, matches: 2 });
    tree.filter.set('');
    tree.sort({ by: 'reward.alice', descending: true });
    expect(tree.window(0, 1).rows[0]).toMatchObject({ badge: '3.00', detail: expect.stringContaining('scripted:tit-for-tat') });
  });

  it('shows its negotiations with everything but credits', async () => {
    const run = await new RunStore().open(join(root, 'whole'));
    const view = await run.negotiation({ run: run.id, iteration: 2, negotiation: 1 });
    expect(view).toMatchObject({ algorithm: null, players: ['scripted:always-defect', 'scripted:tit-for-tat'], group: 0, committed: true });
    expect(view?.rounds.map(({ rewards }) => rewards)).toEqual([
      [5, 0],
      [1, 1],
      [1, 1],
    ]);
    expect(view?.turns.every(({ credit }) => credit === null)).toBe(true);
    expect(view?.members).toHaveLength(1);
    expect(transcriptOf(view!).text).toMatch(
      /^Negotiation 1 of pair 2\nipd · Alice: scripted:always-defect · Bob: scripted:tit-for-tat · seed group 0\n/,
    );
    expect((await run.outline({ iteration: 2, group: 0, negotiation: 1 }))?.rounds[0]?.turns[0]?.credit).toBeNull();
    expect(run.step({ run: run.id, iteration: 2, negotiation: 3 }, 'negotiation', 1)).toEqual({
      run: 'whole',
      iteration: 3,
      group: 0,
      negotiation: 0,
    });
  });

  it('grows while the matrix is filled, and tells from where', async () => {
    const folder = await copyOf('grows');
    const file = join(folder, MATCHUP_PATHS.matchups);
    const whole = JSON.parse(await readFile(file, 'utf8')) as { rollouts: unknown[] };
    await writeFile(file, JSON.stringify({ ...whole, rollouts: whole.rollouts.slice(0, 1) }));
    const store = new RunStore();
    const run = await store.open(folder);
    expect(run.iteration).toBe(1);
    const changes: unknown[] = [];
    store.onChanged((change) => changes.push(change.kind === 'committed' ? change.from : change.kind));
    await writeFile(file, JSON.stringify(whole));
    await store.look(run);
    await store.look(run);
    expect(run.iteration).toBe(3);
    expect(changes).toEqual([2]);
  });

  it('says what is damaged, and shows the rest', async () => {
    const folder = await copyOf('damaged');
    await writeFile(join(folder, MATCHUP_PATHS.rollouts(2)), 'PAR1');
    const run = await new RunStore().open(folder);
    expect(run.folder.iterations.map(({ iteration }) => iteration)).toEqual([1, 3]);
    expect(run.view()?.problem).toMatch(/^rollouts\/000002\.parquet is cut short/);

    const outside = await copyOf('outside');
    const file = join(outside, MATCHUP_PATHS.matchups);
    await writeFile(file, (await readFile(file, 'utf8')).replace('rollouts/000001.parquet', '../whole/rollouts/000001.parquet'));
    expect((await new RunStore().open(outside)).view()?.problem).toContain('lies outside');

    for (const [text, line] of [
      ['{', 'matchups.json is not whole JSON'],
      ['{"format": 9}', 'matchups.json is of format 9, and this Parley reads up to 1: update Parley to open it'],
      ['{"format": 1}', 'matchups.json: created: '],
    ] as const) {
      await writeFile(file, text);
      const broken = await new RunStore().open(outside);
      expect(broken.status).toBe('broken');
      expect(broken.folder.problems[0]?.message).toContain(line);
    }
  });
});

describe('a negotiation with a person, opened', () => {
  it('is there once it has ended', async () => {
    const tables = new PlaySessions();
    const work = {
      settings: { threads: 1, device: 'cpu', apis: {}, keys: {} },
      media: mediaFolder(__dirname),
      signal: new AbortController().signal,
      openEngine: () => Promise.reject(new Error('nobody needs one')),
      progress: () => undefined,
    } as const;
    const params = {
      job: 0,
      game: 'ipd',
      opponent: 'scripted:tit-for-tat',
      seat: 1,
      seed: 1,
      rules: { rounds: 2 },
      out: join(root, 'table'),
    } as const;
    let at = await tables.sit(params, work);
    const store = new RunStore();
    const run = await store.open(at.folder);
    expect([run.name, run.status, run.iteration]).toEqual(['play: ipd against scripted:tit-for-tat', 'finished', 0]);
    for (const text of ['A', 'B']) at = await tables.say({ job: 1, session: at.session, text }, work);
    await store.look(run);
    expect(run.view()?.played?.pairs).toEqual({ 1: 'scripted:tit-for-tat · human' });
    const view = await run.negotiation({ run: run.id, iteration: 1, negotiation: 0 });
    expect(view?.players).toEqual(['scripted:tit-for-tat', 'human']);
    expect(view?.rounds.map(({ rewards }) => rewards)).toEqual([
      [3, 3],
      [0, 5],
    ]);
    await writeFile(join(at.folder, PLAY_PATHS.play), '{');
    await store.look(run);
    expect(run.view()?.problem).toContain('play.json is not whole JSON');
    expect(await run.negotiation({ run: run.id, iteration: 1, negotiation: 0 })).not.toBeNull();
  });
});
