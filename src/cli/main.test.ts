import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';
import { COMMANDS } from './main';

describe('the command line', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const run = runCommandLine;

  it('explains itself, and every command with its options and an example', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    for (const { name, summary, options, examples } of COMMANDS) {
      expect(out).toContain(`${name} `);
      expect(out).toContain(summary);
      expect(examples.length).toBeGreaterThan(0);
      const help = await run([name, '--help']);
      expect(help).toMatchObject({ code: 0, err: '' });
      for (const option of options) expect(help.out).toContain(`--${option.name}`);
      expect(Math.max(...help.out.split('\n').map((line) => line.length))).toBeLessThan(170);
    }
    expect((await run([])).out).toBe(out);
    expect((await run(['help', 'train'])).out).toBe((await run(['train', '--help'])).out);
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    ['trian', 'parley trian: there is no command trian; did you mean train?'],
    ['--verison', 'there is no option --verison'],
    ['train --iteratons 3', 'there is no option --iteratons; did you mean --iterations?'],
    ['train --iterations', '--iterations needs a value: --iterations N'],
    ['train --iterations --json', '--iterations needs a value'],
    ['train --iterations -3', 'give a whole number of 1 or more'],
    ['train --iterations many', '--iterations many: give a whole number of 1 or more'],
    ['train --seed 1.5', '--seed 1.5: give a whole number of 0 or more'],
    ['train --seed 1 --seed 2', '--seed is given twice'],
    ['train --json=yes', '--json takes no value'],
    ['train --algorithm as', '--algorithm as: there is no such algorithm; did you mean aa?'],
    ['train --game idp', '--game idp: there is no such game; did you mean ipd?'],
    ['train --preset papre', '--preset papre: there is no such preset for ipd; did you mean paper?'],
    ['train --preset paper', 'preset paper names no policy'],
    ['train --set gama=1', '--set: there is no setting "gama"; did you mean gamma?'],
    ['train --set gamma', '--set gamma: write key=value'],
    ['train gamma=1', '"gamma=1" is one word too many; settings go behind --set'],
    ['train --device gpu', '--device gpu: there is no such device'],
    ['resume', 'DIR is missing'],
    ['resume runs/aa-0@40', 'runs/aa-0@40 forks the run: give the fork’s folder by --out NEW'],
    ['resume runs/aa-0 --out fork', '--out is for a fork: say from which checkpoint, such as runs/aa-0@40'],
    ['resume a b', '"b" is one word too many'],
  ])('%s: exit 2 and one clear line', async (line, complaint) => {
    const { code, out, err } = await run(line.split(' '));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(complaint);
    expect(err).toMatch(/^parley .*\n$/);
    expect(err.trimEnd()).not.toContain('\n');
  });

  it('fails with 1 and one line where the command was right and the world is not', async () => {
    const missing = await run(['resume', join(folder, 'nowhere')]);
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/^parley resume: .*run\.json is missing: .*\n$/);
    await writeFile(join(folder, 'notes.txt'), '');
    const occupied = await run(['train', '--out', folder]);
    expect(occupied.code).toBe(1);
    expect(occupied.err).toContain('is not empty (notes.txt): a new run needs a folder of its own');
    const inTheWay = await run(['train', '--out', join(folder, 'notes.txt')]);
    expect(inTheWay.code).toBe(1);
    expect(inTheWay.err).toMatch(/^parley train: .*notes\.txt.*: a file stands where a folder should be\. Choose another folder\n$/);
    const noModel = await run(['train', '--policy', folder, '--out', join(folder, 'run')]);
    expect(noModel.code).toBe(1);
    expect(noModel.err).toMatch(/^parley train: .*config\.json is missing.*\n$/);
    expect(await readdir(folder)).toEqual(['notes.txt']);
    await writeFile(join(folder, 'run.json'), '{}');
    const inARun = await run(['paired', '--out', folder]);
    expect(inARun).toMatchObject({ code: 1, err: `parley paired: ${folder} already holds a run: choose another folder for the pair\n` });
  });

  it('computes advantages as the authors’ own functions do', async () => {
    const golden = await readFile(join(__dirname, '../../test/golden/advantages.json'), 'utf8');
    const { code, out } = await run(['advantages'], golden);
    expect(code).toBe(0);
    const [expected, computed] = [JSON.parse(golden), JSON.parse(out)] as Record<string, unknown>[][];
    expect(computed).toHaveLength(expected!.length);
    for (const [i, each] of expected!.entries()) {
      expect(Object.keys(computed![i]!).sort()).toEqual(Object.keys(each).sort());
      for (const key of ['returns', 'advantages', 'alignment', 'credits', 'sumCredits']) {
        const [is, ought] = [computed![i]![key], each[key]].map((value) => (value as number[][][]).flat(2)) as [number[], number[]];
        for (const [k, value] of ought.entries()) expect(is[k]).toBeCloseTo(value, 4);
      }
    }
  });

  it.each([
    ['', 'stdin is not JSON'],
    ['{}', 'expected array, received object; give an array of cases'],
    ['[{"gamma":1}]', 'stdin: 0.beta: '],
    ['[{"gamma":1,"beta":1,"kLessThanT":true,"rewardScale":1,"groupSize":1,"rewards":[[[1]],[]]}]', 'case 0: rewards of agent'],
  ])('advantages of %j: exit 1 and one line', async (stdin, complaint) => {
    const { code, out, err } = await run(['advantages'], stdin);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(complaint);
    expect(err.trimEnd()).not.toContain('\n');
  });
});
