import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';
import { appendLine, sampleConfig, sampleLine, sampleRows, writeSampleRun } from '../../test/runs/sampleRun';
import type { TurnRow } from '../protocol/rollouts';
import { planIn, writeRunSet } from '../runs/runSet';

let folder: string;
let run: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-export-'));
  run = join(folder, 'aa');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const AWKWARD = 'I said "rock", 10:0\nüñ🪨';

/** Turns with a text that CSV has to quote, in the first place. */
function awkward(rows: TurnRow[]): TurnRow[] {
  rows[0] = { ...rows[0]!, text: AWKWARD, token_texts: [AWKWARD, ''] };
  return rows;
}

async function query<T>(sql: string): Promise<T[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection: DuckDBConnection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson() as T[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('parley export csv and parquet', () => {
  it.each(['parquet', 'csv'])('writes measures and turns that DuckDB reads as %s', async (format) => {
    const config = writeSampleRun(run, 3, {}, {}, awkward);
    appendLine(run, {
      type: 'finished',
      iteration: 3,
      time: '2026-11-24T10:00:09.000Z',
      measures: sampleLine(config, 1, ROLLOUTS).measures!,
    });
    const other = join(folder, 'rl');
    writeSampleRun(other, 2, { algorithm: 'rl', seed: 8 }, { id: 'other' });
    const out = join(folder, 'tables');
    const { code, err, out: said } = await runCommandLine(['export', format, run, other, '--out', out]);
    expect([code, err]).toEqual([0, '']);
    expect(said.trim().split('\n')).toEqual([join(out, `measures.${format}`), join(out, `turns.${format}`)]);

    const measures = await query(
      `select run, algorithm, seed::int as seed, iteration::int as iteration, phase, learner_reward, joint_reward, cooperate_after_cc,
       grad_norm::double as grad_norm from '${out}/measures.${format}' order by run desc, phase desc, iteration`,
    );
    const numbers = { learner_reward: 2.75, joint_reward: 5.5, cooperate_after_cc: null };
    const row = (iteration: number) => ({ iteration, phase: 'iteration', ...numbers, grad_norm: 1 });
    const rows = [
      ...[1, 2, 3].map((iteration) => ({ run: 'sample', algorithm: 'aa', seed: 7, ...row(iteration) })),
      { run: 'sample', algorithm: 'aa', seed: 7, ...row(3), phase: 'final', grad_norm: null },
      ...[1, 2].map((iteration) => ({ run: 'other', algorithm: 'rl', seed: 8, ...row(iteration) })),
    ];
    expect(measures).toEqual(rows);

    const columns =
      'iteration::int as iteration, negotiation::int as negotiation, turn::int as turn, agent, text, trained, action, reward::double as reward';
    // Where a cell is text, a list in it is JSON.
    const texts = format === 'csv' ? 'from_json(token_texts, \'["varchar"]\')' : 'token_texts';
    const turns = await query<Record<string, unknown>>(
      `select ${columns}, token_ids::int[] as ids, ${texts} as texts, credit::float[] as credit, forced::boolean[] as forced
       from '${out}/turns.${format}' where run = 'sample' order by iteration, negotiation, turn`,
    );
    const expected = [1, 2, 3].flatMap((iteration) => awkward(sampleRows(config, iteration)));
    expect(turns).toEqual(
      expected.map((turn) => ({
        ...{ iteration: turn.iteration, negotiation: turn.negotiation, turn: turn.turn, agent: turn.agent },
        ...{ text: turn.text, trained: turn.trained, action: turn.action, reward: turn.reward },
        ...{ ids: turn.token_ids, texts: turn.token_texts, credit: turn.credit, forced: turn.forced },
      })),
    );
    expect(await query(`select count(*)::int as n from '${out}/turns.${format}' where run = 'other'`)).toEqual([{ n: 2 * 16 }]);
  });

  it('takes a run set for those of its runs that have begun', async () => {
    const plan = planIn(
      join(folder, 'set'),
      [0, 1, 2].map((seed) => sampleConfig({ seed })),
      1,
      new Date('2026-11-24T10:00:00.000Z'),
    );
    await writeRunSet(plan);
    expect((await runCommandLine(['export', 'csv', join(folder, 'set'), '--out', join(folder, 'tables')])).err).toMatch(
      /none of its runs has begun/,
    );
    for (const { folder: name, config } of plan.file.runs.slice(0, 2)) writeSampleRun(join(folder, 'set', name), 1, config, { id: name });
    const out = join(folder, 'tables');
    expect((await runCommandLine(['export', 'parquet', join(folder, 'set'), '--out', out])).code).toBe(0);
    expect(await query(`select run, seed from '${out}/measures.parquet' order by 1`)).toEqual([
      { run: 'aa-0', seed: 0 },
      { run: 'aa-1', seed: 1 },
    ]);
  });

  it('writes the iterations that are asked for', async () => {
    writeSampleRun(run, 3);
    const out = join(folder, 'tables');
    expect((await runCommandLine(['export', 'parquet', run, '--out', out, '--iteration', '1,3'])).code).toBe(0);
    for (const table of ['measures', 'turns']) {
      expect(await query(`select distinct iteration from '${out}/${table}.parquet' order by 1`)).toEqual([
        { iteration: 1 },
        { iteration: 3 },
      ]);
    }
  });

  it('refuses in one line, and leaves nothing behind', async () => {
    writeSampleRun(run, 2);
    const out = join(folder, 'tables');
    const refused = async (...words: string[]): Promise<string> => {
      const { code, err } = await runCommandLine(['export', ...words]);
      expect(code).not.toBe(0);
      expect(err.trim().split('\n')).toHaveLength(1);
      return err.trim();
    };
    expect(await refused('parqet', run, '--out', out)).toBe('parley export: there is no format "parqet"; did you mean parquet?');
    expect(await refused('parquet', '--out', out)).toBe('parley export: RUN is missing');
    expect(await refused('parquet', run)).toBe('parley export: say where to write: --out PATH');
    expect(await refused('parquet', run, '--out', out, '--iteration', '9')).toBe(
      'parley export: sample aa has no iteration 9: it has 0 to 2',
    );
    expect(await refused('parquet', folder, '--out', out)).toMatch(/run\.json is missing/);
    rmSync(join(run, 'rollouts/000002.parquet'));
    expect(await refused('parquet', run, '--out', out)).toMatch(/rollouts\/000002\.parquet is missing/);
    expect(readdirSync(folder)).toEqual(['aa']);
  });

  it('replaces files only when told to, and leaves others alone', async () => {
    writeSampleRun(run, 1);
    const out = join(folder, 'tables');
    await runCommandLine(['export', 'csv', run, '--out', out, '--json']);
    writeFileSync(join(out, 'notes.txt'), 'mine');
    writeFileSync(join(out, 'turns.csv'), 'old');
    const again = await runCommandLine(['export', 'csv', run, '--out', out]);
    expect([again.code, again.err]).toEqual([
      1,
      `parley export: ${join(out, 'measures.csv')} is there already: give another place, or --overwrite\n`,
    ]);
    expect(readFileSync(join(out, 'turns.csv'), 'utf8')).toBe('old');
    expect((await runCommandLine(['export', 'csv', run, '--out', out, '--overwrite'])).code).toBe(0);
    expect(readFileSync(join(out, 'turns.csv'), 'utf8')).toMatch(/^run,iteration,seed_group/);
    expect(existsSync(join(out, 'notes.txt'))).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['aa', 'tables']);
  });
});

const ROLLOUTS = { rows: 16, bytes: 1 };
