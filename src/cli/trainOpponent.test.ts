import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';
import { says, startMisbehavingServer } from '../engine/chat-api/misbehavingServer';
import type { RunFile } from '../protocol/runFiles';
import { RolloutReader } from '../runs/rolloutReader';
import { RunFolder } from '../runs/runFolder';

const SMALL = '--iterations 1 --threads 1 --set negotiations=4 --set groupSize=2 --set gameSettings.rounds=2'.split(' ');

// On the embedded policy, in this process.
describe('parley train --opponent', { timeout: 120_000 }, () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cli-opponent-'));
  });
  afterAll(() => rm(root, { recursive: true }));
  afterEach(() => {
    delete process.env.PARLEY_TEST_LAB_KEY;
  });
  const train = (...words: readonly string[]) => runCommandLine(['train', '--algorithm', 'rl', ...SMALL, ...words]);
  const runFile = async (name: string): Promise<RunFile> => JSON.parse(await readFile(join(root, name, 'run.json'), 'utf8')) as RunFile;

  it('trains against a scripted player and a checkpoint of another run, which it pins and names', async () => {
    const scripted = await train('--opponent', 'scripted:tit-for-tat', '--out', join(root, 'aa'), '--json');
    expect(scripted).toMatchObject({ code: 0 });
    const last = JSON.parse(scripted.out.trim().split('\n').at(-1)!) as Record<string, unknown>;
    expect(last).toMatchObject({
      type: 'finished',
      measures: { meanReward: [expect.any(Number), expect.any(Number)] },
      againstOpponent: { meanReward: [expect.any(Number), expect.any(Number)], kl: expect.any(Number) },
    });
    expect(await runFile('aa')).toMatchObject({ name: 'ipd rl vs scripted:tit-for-tat, seed 0', config: { buffer: { enabled: false } } });

    // With the preset that it is by default, said aloud.
    const frozen = await train('--preset', 'best-response', '--opponent', join(root, 'aa'), '--out', join(root, 'best'));
    expect(frozen).toMatchObject({ code: 0 });
    expect(frozen.out).toMatch(
      /ipd rl with itself\n(.*\n)*reward a round, Alice(.*\n)*\n.*ipd rl against aa@1\nreward a round, learner.*\nreward a round, opponent/,
    );
    expect(await runFile('best')).toMatchObject({
      name: 'ipd rl vs aa@1, seed 0',
      config: { opponent: `${join(root, 'aa')}@1`, algorithm: 'rl' },
      opponent: { name: 'aa@1', checkpoint: { folder: join(root, 'aa', 'checkpoints', '000001') } },
    });
    const { iterations } = await RunFolder.open(join(root, 'best'));
    const rows = await new RolloutReader().all(join(root, 'best'), iterations[1]!.rollouts!, ['player', 'trained', 'token_ids', 'credit']);
    expect(new Set(rows.map(({ player }) => player))).toEqual(new Set(['policy', 'aa@1']));
    for (const { player, trained, token_ids, credit } of rows) {
      expect(trained).toBe(player === 'policy');
      expect([token_ids.length > 0, credit.length]).toEqual([true, token_ids.length]);
    }
    expect((await runCommandLine(['resume', join(root, 'best')])).out).toContain('best against aa@1\nreward a round, learner');
  });

  it('trains against a chat endpoint with the key from the environment, which is kept nowhere', async () => {
    const server = await startMisbehavingServer();
    try {
      server.otherwise(says('A'));
      const apis = join(root, 'apis.json');
      await writeFile(apis, JSON.stringify({ lab: { baseUrl: server.url, model: 'm', keyVariable: 'PARLEY_TEST_LAB_KEY' } }));
      const words = ['--opponent', 'api:lab', '--apis', apis, '--out', join(root, 'api')];
      expect(await train(...words)).toMatchObject({
        code: 2,
        err: 'parley train: api:lab: PARLEY_TEST_LAB_KEY is not set: put its key there\n',
      });
      process.env.PARLEY_TEST_LAB_KEY = 'sk-secret';
      const { code, out, err } = await train(...words);
      expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/info: api:lab: \d+ replies, .*cost unknown/) });
      expect(server.seen[0]?.headers.authorization).toBe('Bearer sk-secret');
      const files = (await readdir(join(root, 'api'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      const texts = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')));
      for (const text of [out, err, ...texts]) expect(text).not.toContain('sk-secret');
      expect(await runCommandLine(['resume', join(root, 'api')])).toMatchObject({ code: 0 });
    } finally {
      await server.close();
    }
  });

  it.each([
    ['--opponent scripted:tit-fr-tat', 'did you mean "tit-for-tat"?'],
    ['--opponent tit-for-tat', 'there is no player "tit-for-tat": no such folder; did you mean scripted:tit-for-tat?'],
    ['--opponent runs/nobody', 'there is no player "runs/nobody"'],
    ['--opponent api:lab', 'api:lab names an endpoint, and none is set up'],
    ['--preset best-response', 'preset best-response trains against a fixed player: give the opponent'],
    ['--preset against-api --opponent seed', 'preset against-api trains against a chat endpoint: give the opponent api:NAME'],
    ['--preset embedded --opponent seed', 'buffer.enabled is for self-play, and the opponent is seed: set buffer.enabled=false'],
    ['--opponent seed --set buffer.enabled=true', '--set: buffer.enabled is for self-play'],
    ['--set opponent=scripted:greedy --set buffer.enabled=false', 'ipd has no scripted player "greedy"'],
  ])('%s: exit 2 and one clear line', async (line, complaint) => {
    const { code, out, err } = await train(...line.split(' '));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(complaint);
    expect(err.trimEnd()).not.toContain('\n');
  });
});
