import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';
import { policyCard } from '../protocol/policyCards';

describe('parley card', () => {
  let folder: string;
  const card = (...words: readonly string[]) => runCommandLine(['card', ...words]);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'card-'));
    const settings = ['negotiations=8', 'groupSize=4', 'gameSettings.rounds=3'].flatMap((each) => ['--set', each]);
    const train = ['train', '--game', 'ipd', '--algorithm', 'aa', '--iterations', '1', ...settings, '--out', join(folder, 'run')];
    expect(await runCommandLine(train)).toMatchObject({ code: 0 });
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true }));

  it('prints the card of a checkpoint and of the model that its run began with, and keeps what they say', async () => {
    const out = join(folder, 'out');
    const printed = await card(join(folder, 'run@1'), '--out', out);
    expect(printed).toMatchObject({ code: 0 });
    expect(printed.out).toMatch(/^Policy card\n {2}policy +trained by aa\n {2}iteration +1\n/);
    expect(await readFile(join(out, 'policy card.txt'), 'utf8')).toBe(printed.out);
    expect(await readdir(out)).toContain('against tit-for-tat.txt');
    const base = await card(join(folder, 'run@base'));
    expect(base.out).toMatch(/policy +the base model\n/);
    expect(base.out).not.toBe(printed.out);
  }, 60_000);

  it('prints that of a policy of no run, for the game that is named, as JSON too', async () => {
    const { code, out } = await card('seed', '--game', 'trust-and-split-values', '--json');
    expect(code).toBe(0);
    const { text, negotiations } = policyCard.parse(JSON.parse(out));
    expect(text).toMatch(/ {2}game +trust-and-split-values\n/);
    expect(text).toContain('Training configuration\n  none\n');
    expect(negotiations.map(({ name }) => name)).toContain('against generous');
  }, 60_000);

  it('says what is no checkpoint', async () => {
    const refused = async (...words: string[]): Promise<string> => {
      const { code, err } = await card(...words);
      expect(code).toBe(2);
      return err;
    };
    expect(await refused('scripted:tit-for-tat')).toContain('has no card: give a run, a checkpoint or seed');
    expect(await refused(join(folder, 'run@7'))).toContain('has no checkpoint of iteration 7');
    expect(await refused('seed@base')).toContain('@base follows a run folder');
    expect(await refused(join(folder, 'run'), '--game', 'split')).toContain('run@1 plays ipd, as its run says');
  });
});
