import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSampleBranches } from '../../test/runs/sampleBranch';
import { writeSampleRun } from '../../test/runs/sampleRun';
import { comparable } from './comparable';
import { RunStore } from './runStore';

describe('What a negotiation can be read beside', () => {
  let root: string;
  const store = new RunStore();
  const offered = (run: string, place: object): string[] => {
    const of = store.get(run)!;
    return comparable(store, of, { run, ...place }).map(
      ({ as, place: { run: id, negotiation, branch } }) => `${as} ${id} #${negotiation}${branch === undefined ? '' : ` b${branch}`}`,
    );
  };

  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'comparable-'));
    const config = writeSampleRun(path.join(root, 'aa'), 2, {}, { id: 'aa', pairedWith: 'rl' });
    writeSampleRun(path.join(root, 'rl'), 1, { algorithm: 'rl' }, { id: 'rl', pairedWith: 'aa' });
    writeSampleRun(path.join(root, 'other'), 2, {}, { id: 'other' });
    writeSampleRun(path.join(root, 'split'), 2, { game: 'split' }, { id: 'split' });
    await writeSampleBranches(path.join(root, 'aa'), config, { iteration: 1, negotiation: 2, turn: 1 }, 2);
    for (const name of ['aa', 'rl', 'other', 'split']) await store.open(path.join(root, name));
  });
  afterAll(() => rm(root, { recursive: true }));

  it('is the paired run first, then branches, the seed group, and other runs of the game', () => {
    expect(offered('aa', { iteration: 1, negotiation: 2 })).toEqual([
      'pair rl #2',
      'branch aa #2 b1',
      'branch aa #2 b2',
      'group aa #3',
      'run other #2',
    ]);
  });

  it('begins with what a branch leaves', () => {
    const all = offered('aa', { iteration: 1, negotiation: 2, branch: 1 });
    expect(all.slice(0, 3)).toEqual(['original aa #2', 'pair rl #2', 'branch aa #2 b2']);
  });

  it('is nothing that is not committed', () => {
    expect(offered('aa', { iteration: 2, negotiation: 0 })).toEqual(['group aa #1', 'run other #0']);
    expect(offered('aa', { iteration: 3, negotiation: 0 })).toEqual([]);
    expect(offered('aa', { iteration: 1, negotiation: 9 })).toEqual([]);
    expect(offered('aa', {})).toEqual([]);
  });
});
