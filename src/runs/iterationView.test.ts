import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleConfig, sampleLine, writeSampleRun } from '../../test/runs/sampleRun';
import { creditQuantiles, curvePoint } from './iterationView';
import { RunStore } from './runStore';

let root: string;
let store: RunStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parley-iteration-'));
  store = new RunStore();
});
afterEach(() => {
  store.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe('an iteration as a whole', () => {
  it('holds the credits of every trained seat and round, and who was played', async () => {
    writeSampleRun(join(root, 'a'), 2, {}, {}, (rows) => rows.map((row) => ({ ...row, trained: row.negotiation !== 3 || row.seat === 0 })));
    const run = await store.open(join(root, 'a'));
    const view = (await run.iterationView(2))!;
    expect(view).toMatchObject({ run: 'sample', iteration: 2, negotiations: 4, groups: 2, invalid: 1, checkpoint: false });
    expect(view.opponents).toEqual([{ name: 'snapshot:10', negotiations: 1 }]);
    const { negotiation, round, seat, own, alignment } = view.advantages;
    // 4 negotiations × 2 rounds × 2 seats, less the two of the seat that was not trained.
    expect([negotiation, round, seat, own, alignment].map((column) => column.length)).toEqual([14, 14, 14, 14, 14]);
    negotiation.forEach((n, i) => {
      expect(own[i]).toBeCloseTo(n / 4 + seat[i]!);
      expect(alignment[i]).toBeCloseTo(round[i]! / 8);
    });
    expect(await run.iterationView(0)).toBeNull();
    expect(await run.iterationView(9)).toBeNull();
  });

  it('names the file that it cannot read', async () => {
    writeSampleRun(join(root, 'a'), 1);
    rmSync(join(root, 'a/rollouts/000001.parquet'));
    const run = await store.open(join(root, 'a'));
    await expect(run.iterationView(1)).rejects.toThrow('rollouts/000001.parquet is missing');
  });
});

describe('a point of the training curves', () => {
  it('has the quantiles of the negotiations’ credits', () => {
    const line = sampleLine(sampleConfig(), 1, { rows: 1, bytes: 1 });
    const credit: [number[], number[]] = [
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9, 10],
    ];
    expect(creditQuantiles({ negotiations: { ...line.negotiations!, credit } })).toEqual([0.5, 2.5, 5, 7.5, 9.5]);
    expect(curvePoint({ ...line, negotiations: { ...line.negotiations!, credit } })).toMatchObject({
      iteration: 1,
      seconds: 0.5,
      measures: { jointReward: 5.5 },
      training: { rmsOwn: 1 },
    });
    expect(creditQuantiles({})).toBeNull();
    expect(curvePoint(sampleLine(sampleConfig(), 0))).toBeUndefined();
  });
});
