import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';
import { says, startMisbehavingServer } from '../engine/chat-api/misbehavingServer';
import { matchupsFile } from '../protocol/matchups';
import { matchupTable } from './matchupTable';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-evaluate-'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (...words: readonly string[]) => runCommandLine(['evaluate', ...words]);

describe('parley evaluate', () => {
  it('prints a table of means with their intervals', async () => {
    const { code, out, err } = await run(
      '--players',
      'scripted:tit-for-tat,scripted:always-defect',
      '--negotiations',
      '4',
      '--set',
      'rounds=2',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(`                        scripted:tit-for-tat  scripted:always-defect
scripted:tit-for-tat       3.00 [3.00, 3.00]       0.50 [0.50, 0.50]
scripted:always-defect     3.00 [3.00, 3.00]       1.00 [1.00, 1.00]

Points a round of the row’s player against the column’s; 4 negotiations a cell, 95 % intervals over deals.
`);
  });

  it('plays against an endpoint, and leaves JSON, a picture and every negotiation', async () => {
    const server = await startMisbehavingServer();
    server.otherwise(says('B'));
    const apis = join(folder, 'apis.json');
    await writeFile(apis, JSON.stringify({ lab: { baseUrl: server.url, model: 'm', keyVariable: 'PARLEY_TEST_KEY' } }));
    const words = [
      '--players',
      'scripted:always-cooperate',
      '--players',
      'api:lab',
      '--apis',
      apis,
      '--negotiations',
      '2',
      '--set',
      'rounds=1',
    ];
    const keyless = await run(...words);
    expect(keyless).toEqual({ code: 2, out: '', err: 'parley evaluate: api:lab: PARLEY_TEST_KEY is not set: put its key there\n' });
    process.env.PARLEY_TEST_KEY = 'sk-test-key';
    try {
      const { code, out } = await run(...words, '--json', '--svg', join(folder, 'map.svg'), '--out', join(folder, 'out'));
      expect(code).toBe(0);
      const matrix = matchupsFile.parse(JSON.parse(out));
      expect(matrix.meanReward).toEqual([
        [3, 0],
        [5, 1],
      ]);
      expect(matrix.rules).toEqual({ rounds: 1, payoffs: { T: 5, R: 3, P: 1, S: 0 } });
      expect(server.seen[0]!.headers.authorization).toBe('Bearer sk-test-key');
      expect((await readdir(join(folder, 'out'))).sort()).toEqual(['matchups.json', 'matchups.svg', 'rollouts']);
      expect(await readFile(join(folder, 'map.svg'), 'utf8')).toMatch(/^<svg /);
      for (const file of ['matchups.json', 'rollouts/000002.parquet'])
        expect(await readFile(join(folder, 'out', file), 'latin1')).not.toContain('sk-test-key');
      const again = await run(...words);
      expect(again.out).toContain('api:lab: 6 replies, 600 + 60 tokens, cost unknown (no prices)');
    } finally {
      delete process.env.PARLEY_TEST_KEY;
      await server.close();
    }
  });

  it('draws from the likeliest tokens where it is told to, and says so in the file', async () => {
    const self = async (...words: string[]) => {
      const { out } = await run('--players', 'seed', '--negotiations', '8', '--set', 'rounds=3', '--json', ...words);
      const { low, high, sampling } = matchupsFile.parse(JSON.parse(out));
      return { width: high[0]![0]! - low[0]![0]!, sampling };
    };
    // The game deals nothing: greedy policies always play the same.
    expect(await self('--top-k', '1', '--top-p', '0.9')).toEqual({ width: 0, sampling: { topK: 1, topP: 0.9 } });
    const drawn = await self();
    expect(drawn.width).toBeGreaterThan(0);
    expect(drawn.sampling).toBeUndefined();
  });

  it.each([
    ['', '--players is missing: give a run folder'],
    ['--players sede', 'there is no player "sede": no such folder; did you mean seed?'],
    ['--players scripted:greedy', 'ipd has no scripted player "greedy"'],
    ['--players seed,seed', 'seed and seed are the same player'],
    ['--players a=seed,a=scripted:random', 'two players are called a'],
    ['--players a=seed+sede', 'there is no player "sede"'],
    ['--players api:gpt', 'api:gpt names an endpoint, and none is set up'],
    ['--players seed --apis /no/such/file', '--apis /no/such/file: there is no such file'],
    ['--players seed --negotiations 3', '--negotiations 3: give an even number'],
    ['--players seed --top-p 1.5', '--top-p 1.5: give a number above 0 and at most 1'],
    ['--players seed --top-k few', '--top-k few: give a whole number of 0 or more'],
    ['--players seed --temperature 0', '--temperature 0: give a number above 0'],
    ['--players seed --set round=3', '--set round: ipd has no such setting; did you mean rounds?'],
    ['--players seed --set payoffs.T=2', 'choose T > R > P > S'],
    ['--players seed --game slit', '--game slit: there is no such game; did you mean split?'],
  ])('%s: exit 2 and one clear line', async (line, complaint) => {
    const { code, out, err } = await run(...line.split(' ').filter(Boolean));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(complaint);
    expect(err).toMatch(/^parley evaluate: .*\n$/);
  });

  it('names what is wrong in a file of endpoints', async () => {
    const apis = join(folder, 'apis.json');
    await writeFile(apis, JSON.stringify({ lab: { baseUrl: 'http://localhost:1/v1', model: 'm', key: 'sk-1' } }));
    expect((await run('--players', 'api:lab', '--apis', apis)).err).toMatch(/apis\.json: lab: .*"key"/);
  });
});

describe('the table', () => {
  it('numbers its columns where their names are too wide', () => {
    const players = ['a-very-long-player-name@100', 'another-very-long-player-name@200'];
    const square = [
      [1, null],
      [2, 3],
    ];
    const table = matchupTable(
      { players, members: {}, meanReward: square, low: square, high: square, negotiations: 8, level: 0.95 } as Parameters<
        typeof matchupTable
      >[0],
      80,
    );
    expect(table.split('\n').slice(0, 3)).toEqual([
      '                                                     1                  2',
      '1 a-very-long-player-name@100        1.00 [1.00, 1.00]                  –',
      '2 another-very-long-player-name@200  2.00 [2.00, 2.00]  3.00 [3.00, 3.00]',
    ]);
  });
});
