import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TabularEngine } from '../../../test/unit/trainer/tabularEngine';
import { defaultGameSettings } from '../../domain/games';
import type { GameId } from '../../domain/games/game';
import { scriptedPlayers } from '../../domain/players';
import { random } from '../../domain/random';
import { ChatClient } from '../../engine/chat-api/client';
import { json, says, startMisbehavingServer } from '../../engine/chat-api/misbehavingServer';
import { openOnnxEngine } from '../../engine/onnx/engine';
import { chatEndpoint } from '../../protocol/chatEndpoints';
import { matchupsFile } from '../../protocol/matchups';
import { mediaFolder } from '../../runs/media';
import { RolloutReader } from '../../runs/rolloutReader';
import type { Player } from '../players/player';
import { evaluate } from './evaluate';
import { heatMap } from './heatMap';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
});
afterEach(() => rm(folder, { recursive: true }));

function scripted(game: GameId, ...names: readonly string[]): Player[] {
  return names.map((name) => ({ kind: 'scripted', name: `scripted:${name}`, player: scriptedPlayers(game).get(name) }));
}

const COMMON = { seed: 3, negotiations: 8, batch: 512, parley: '0.0.0', created: '2026-01-01T00:00:00.000Z' };

describe('the match-up matrix', () => {
  it('is what the payoffs say, for players without chance', async () => {
    const players = scripted('ipd', 'always-cooperate', 'always-defect', 'tit-for-tat', 'grim-trigger');
    const matrix = await evaluate({ ...COMMON, game: 'ipd', players, rules: { rounds: 10 } });
    // Ten rounds; T 5, R 3, P 1, S 0. Against the defector the reciprocal lose the first round: (0 + 9 · 1) ÷ 10, and it wins (5 + 9) ÷ 10.
    const expected = [
      [3, 0, 3, 3],
      [5, 1, 1.4, 1.4],
      [3, 0.9, 3, 3],
      [3, 0.9, 3, 3],
    ];
    expect(matrix.players).toEqual([
      'scripted:always-cooperate',
      'scripted:always-defect',
      'scripted:tit-for-tat',
      'scripted:grim-trigger',
    ]);
    for (const square of [matrix.meanReward, matrix.low, matrix.high]) {
      for (const [row, line] of square.entries())
        for (const [column, value] of line.entries()) expect(value).toBeCloseTo(expected[row]![column]!);
    }
    // Measures are of the row's player: tit-for-tat cooperates once in ten rounds with the defector, who never does.
    expect(matrix.measures[2]![1]).toMatchObject({ meanReward: [expect.closeTo(0.9), expect.closeTo(1.4)], cooperationRate: 0.1 });
    expect(matrix.measures[1]![2]).toMatchObject({ meanReward: [expect.closeTo(1.4), expect.closeTo(0.9)], cooperationRate: 0 });
    expect(matrix.measures[2]![1]!.cooperateAfter).toEqual({ start: 1, CC: null, CD: 0, DC: null, DD: 0 });
    expect(matchupsFile.parse(JSON.parse(JSON.stringify(matrix)))).toEqual(matrix);
  });

  it('gives greed against generosity its share, whatever is dealt', async () => {
    const players = scripted('split', 'greedy', 'generous');
    const matrix = await evaluate({ ...COMMON, game: 'split', players, rules: {} });
    const { meanReward, measures } = matrix;
    // Greedy against itself gets half of everything: (10 + 1 + 1) · 10 ÷ 2 or (10 + 10 + 1) · 10 ÷ 2 in a round.
    expect(meanReward[0]![0]).toBeGreaterThanOrEqual(60);
    expect(meanReward[0]![0]).toBeLessThanOrEqual(105);
    expect(meanReward[0]![1]).toBeGreaterThan(meanReward[1]![1]!);
    expect(meanReward[1]![0]).toBeLessThan(meanReward[0]![0]!);
    expect(measures[1]![1]).toMatchObject({ efficiency: expect.closeTo(1), keptWhenValuingLess: 0, keptWhenValuingMore: 10 });
    expect(measures[0]![1]).toMatchObject({ keptWhenValuingLess: 10, keptWhenValuingMore: 10 });
    expect(measures[1]![0]).toMatchObject({ keptWhenValuingLess: 0 });
    // Both cells of a pair are of the same negotiations.
    expect(measures[0]![1]!.jointReward).toBeCloseTo(meanReward[0]![1]! + meanReward[1]![0]!);
  });

  it('is the same whatever the batch, and whoever else takes part; every cell is dealt the same', async () => {
    const names = ['greedy', 'fair', 'reciprocal'];
    const options = { ...COMMON, game: 'trust-and-split', rules: { rounds: 3 } } as const;
    const whole = await evaluate({ ...options, players: scripted(options.game, ...names), out: join(folder, 'whole') });
    const piecewise = await evaluate({ ...options, batch: 3, players: scripted(options.game, ...names) });
    expect({ ...piecewise, rollouts: [] }).toEqual({ ...whole, rollouts: [] });
    const alone = await evaluate({ ...options, players: scripted(options.game, 'reciprocal') });
    expect(alone.meanReward[0]![0]).toBe(whole.meanReward[2]![2]);

    const reader = new RolloutReader();
    const deals = await Promise.all(
      whole.rollouts.map(async (file) =>
        (await reader.all(join(folder, 'whole'), file, ['negotiation', 'round', 'deal'])).map((row) => JSON.stringify(row)),
      ),
    );
    for (const each of deals) expect(each).toEqual(deals[0]);
  });

  it('has intervals over deals, wider with fewer of them', async () => {
    const players = scripted('ipd', 'random(0.5)', 'tit-for-tat');
    const few = await evaluate({ ...COMMON, negotiations: 8, game: 'ipd', players, rules: {} });
    const many = await evaluate({ ...COMMON, negotiations: 128, game: 'ipd', players, rules: {} });
    const span = ({ low, high }: typeof few): number => high[0]![1]! - low[0]![1]!;
    expect(span(few)).toBeGreaterThan(span(many));
    expect(span(many)).toBeGreaterThan(0);
    // A coin makes 4 of the first round, in which tit-for-tat cooperates, and 2.25 of each of the others.
    expect(many.low[0]![1]).toBeLessThan(2.425);
    expect(many.high[0]![1]).toBeGreaterThan(2.425);
    await expect(evaluate({ ...COMMON, negotiations: 7, game: 'ipd', players, rules: {} })).rejects.toThrow('give an even number');
  });

  it('takes several runs for one player, whose intervals are over runs', async () => {
    const names = ['always-cooperate', 'random(0.5)', 'always-defect', 'tit-for-tat'];
    const players = scripted('ipd', ...names);
    const sides = [
      { name: 'mixed', members: [0, 1, 2] },
      { name: 'tit-for-tat', members: [3] },
    ];
    const out = join(folder, 'sides');
    const progress: string[] = [];
    const onMatchup = (_: unknown, done: number, of: number) => void progress.push(`${done}/${of}`);
    const matrix = await evaluate({ ...COMMON, game: 'ipd', players, sides, rules: {}, out, onMatchup });
    const each = await evaluate({ ...COMMON, game: 'ipd', players, rules: {} });
    expect(matrix.players).toEqual(['mixed', 'tit-for-tat']);
    expect(matrix.members).toEqual({ mixed: ['scripted:always-cooperate', 'scripted:random(0.5)', 'scripted:always-defect'] });
    // Three in self-play, each against tit-for-tat, and tit-for-tat with itself: the runs of one side do not meet.
    expect(progress).toEqual(['1/7', '2/7', '3/7', '4/7', '5/7', '6/7', '7/7']);
    const means = [0, 1, 2].map((row) => each.meanReward[row]![3]!);
    expect(matrix.meanReward[0]![1]).toBeCloseTo((means[0]! + means[1]! + means[2]!) / 3);
    expect(matrix.meanReward[0]![0]).toBeCloseTo((each.meanReward[0]![0]! + each.meanReward[1]![1]! + each.meanReward[2]![2]!) / 3);
    expect(matrix.meanReward[1]![1]).toBe(3);
    // Of 27 equally likely resamples of three runs one in 27 is the worst run three times: beyond 2.5 %.
    expect(matrix.low[0]![1]).toBeCloseTo(Math.min(...means));
    expect(matrix.high[0]![1]).toBeCloseTo(Math.max(...means));
    expect(matrix.low[1]![0]).toBeCloseTo(Math.min(...[0, 1, 2].map((column) => each.meanReward[3]![column]!)));
    expect(matrix.rollouts.map(({ players: [a, b], cell }) => `${a.slice(9)} ${b.slice(9)} ${cell}`)).toEqual([
      'always-cooperate always-cooperate 0,0',
      'always-cooperate tit-for-tat 0,1',
      'random(0.5) random(0.5) 0,0',
      'random(0.5) tit-for-tat 0,1',
      'always-defect always-defect 0,0',
      'always-defect tit-for-tat 0,1',
      'tit-for-tat tit-for-tat 1,1',
    ]);
    expect(matchupsFile.parse(JSON.parse(await readFile(join(out, 'matchups.json'), 'utf8')))).toEqual(matrix);
  });

  it('keeps every negotiation, so that a cell can be opened', async () => {
    const engine = new TabularEngine({
      prior: [
        ['A', 2],
        ['B', 1],
        ['<end>', 2],
      ],
    });
    const settings = { ...defaultGameSettings('ipd'), rounds: 3 };
    const speech = { decoding: 'masked', retries: 0, temperature: 1 } as const;
    const policy: Player = { kind: 'policy', name: 'toy@7', settings, engine, policy: engine.base, speech };
    const players = [policy, ...scripted('ipd', 'tit-for-tat')];
    const out = join(folder, 'out');
    const matrix = await evaluate({ ...COMMON, negotiations: 4, game: 'ipd', players, rules: { rounds: 3 }, out });
    expect(matchupsFile.parse(JSON.parse(await readFile(join(out, 'matchups.json'), 'utf8')))).toEqual(matrix);
    expect(await readFile(join(out, 'matchups.svg'), 'utf8')).toBe(heatMap(matrix));
    expect((await readdir(join(out, 'rollouts'))).sort()).toEqual(['000001.parquet', '000002.parquet', '000003.parquet']);

    const file = matrix.rollouts.find(({ cell }) => cell[0] === 0 && cell[1] === 1)!;
    expect(file.players).toEqual(['toy@7', 'scripted:tit-for-tat']);
    const reader = new RolloutReader();
    const points: number[] = [];
    for (let n = 0; n < 4; n++) {
      const rows = await reader.negotiation(out, file, n);
      expect(rows).toHaveLength(6);
      expect(rows.slice(0, 2).map(({ player }) => player)).toEqual(
        n % 2 === 0 ? ['toy@7', 'scripted:tit-for-tat'] : ['scripted:tit-for-tat', 'toy@7'],
      );
      for (const row of rows) {
        const ours = row.player === 'toy@7';
        expect(row.token_texts.join('').startsWith(row.text)).toBe(ours);
        expect([row.iteration, row.seed_group, row.trained, row.valid]).toEqual([2, Math.floor(n / 2), false, true]);
        if (ours) points.push(row.reward);
      }
    }
    expect(points.reduce((a, b) => a + b) / points.length).toBeCloseTo(matrix.meanReward[0]![1]!);
    expect(matrix.measures[0]![1]!.validMass).toBeGreaterThan(0);
    expect(matrix.measures[1]![0]!.validMass).toBeNull();
    expect(engine.openLanes).toBe(0);
    await expect(evaluate({ ...COMMON, game: 'ipd', players, rules: {}, out })).rejects.toThrow(
      'holds match-ups with another number of negotiations (4)',
    );
  });

  it('keeps what was played when an endpoint fails in the end, and says what it cost', async () => {
    const server = await startMisbehavingServer();
    server.otherwise(says('A'));
    const endpoint = chatEndpoint.parse({ baseUrl: server.url, model: 'm', retries: 0, prices: { input: 1, output: 2 } });
    const client = new ChatClient({ name: 'test', endpoint, random: random(1) });
    const settings = { ...defaultGameSettings('ipd', 'full'), rounds: 2 };
    const chat: Player = { kind: 'chat', name: 'api:test', settings, client, retries: 0 };
    const players = [...scripted('ipd', 'always-defect'), chat];
    const options = { ...COMMON, negotiations: 2, game: 'ipd', players, rules: { rounds: 2 } } as const;
    const whole = await evaluate(options);
    expect(whole.meanReward).toEqual([
      [1, 5],
      [0, 3],
    ]);
    expect(whole.usage['api:test']).toMatchObject({ replies: 12, promptTokens: 1200, cost: expect.closeTo((1200 + 240) / 1e6, 9) });

    const out = join(folder, 'cut');
    await expect(
      evaluate({ ...options, out, onMatchup: (_, done) => done === 2 && server.otherwise(json(401, { error: { message: 'expired' } })) }),
    ).rejects.toThrow(/^api:test: HTTP 401: expired/);
    const left = matchupsFile.parse(JSON.parse(await readFile(join(out, 'matchups.json'), 'utf8')));
    expect(left.meanReward).toEqual([
      [1, 5],
      [0, null],
    ]);
    await server.close();
  });

  it('seats the embedded policy', async () => {
    const engine = await openOnnxEngine({
      model: join(mediaFolder(__dirname), 'policies', 'seed'),
      threads: 1,
      device: 'cpu',
      spinning: false,
    });
    try {
      const seed: Player = {
        kind: 'policy',
        name: 'seed',
        settings: defaultGameSettings('ipd'),
        engine,
        policy: engine.base,
        speech: { decoding: 'masked', retries: 0, temperature: 1 },
      };
      const players = [seed, ...scripted('ipd', 'always-defect', 'always-cooperate')];
      const { meanReward, measures } = await evaluate({ ...COMMON, negotiations: 32, game: 'ipd', players, rules: {} });
      // Whatever it plays, a defector gives it 0 or 1 a round and a cooperator 3 or 5.
      expect(meanReward[0]![1]).toBeLessThanOrEqual(1);
      expect(meanReward[0]![2]).toBeGreaterThanOrEqual(3);
      // It is pretrained to be moderately reciprocal.
      expect(measures[0]![2]!.cooperationRate).toBeGreaterThan(measures[0]![1]!.cooperationRate! + 0.05);
      expect(measures[0]![0]!.validMass).toBeGreaterThan(0.9);
    } finally {
      await engine.dispose();
    }
  });
});

describe('the heat map', () => {
  const data = {
    game: 'ipd',
    players: ['a<b>', 'c'],
    members: {},
    meanReward: [
      [1, 2.5],
      [null, 4],
    ],
    low: [
      [0.9, 2],
      [null, 4],
    ],
    high: [
      [1.1, 3],
      [null, 4],
    ],
    negotiations: 64,
    level: 0.95,
  } as const;
  const svg = heatMap(data as unknown as Parameters<typeof heatMap>[0]);

  it('has a cell for each pair, with its number, its interval and what it means', () => {
    expect(svg.match(/<rect x=/g)).toHaveLength(4);
    expect(svg).toContain('<title>a&lt;b&gt; against c: 2.50 points a round (2.00 – 3.00)</title>');
    expect(svg).toContain('>2.50</text>');
    expect(svg).toContain('>2.00 – 3.00</text>');
    expect(svg).toContain('64 negotiations a cell, 95 % intervals over deals');
    expect(svg).not.toContain('<b>');
    expect(svg).not.toMatch(/NaN|undefined|null/);
  });

  it('goes from dark to light, with ink that stands out, and leaves grey what was not played', () => {
    expect(svg).toMatch(/fill="rgb\(0, 34, 78\)".*\n?.*fill="#ffffff">1\.00/);
    expect(svg).toMatch(/fill="rgb\(254, 232, 56\)".*\n?.*fill="#000000">4\.00/);
    expect(svg.match(/fill="#eeeeee"/g)).toHaveLength(1);
  });

  it('stands a single value, and slants long names', () => {
    const one = heatMap({
      ...data,
      players: ['a-rather-long-name@200'],
      meanReward: [[3]],
      low: [[3]],
      high: [[3]],
    } as unknown as Parameters<typeof heatMap>[0]);
    expect(one).toContain('rotate(-45');
    expect(one).not.toMatch(/NaN/);
    expect(svg).not.toContain('rotate');
  });
});
