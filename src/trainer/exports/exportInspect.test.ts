import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as yauzl from 'yauzl';
import { runCommandLine } from '../../../test/cli/runCommandLine';
import { appendLine, sampleLine, sampleRows, writeIterations, writeSampleRun } from '../../../test/runs/sampleRun';
import type { EvalHeader, EvalSample } from '../../interop/inspect';
import { RUN_PATHS } from '../../protocol/runFiles';
import { exportRuns } from './exportRuns';

let folder: string;
let run: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-inspect-'));
  run = join(folder, 'aa');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Entries of a ZIP in its central directory's order, read and checked by yauzl. */
async function unzip(path: string): Promise<Map<string, unknown>> {
  const zip = await yauzl.openPromise(path);
  const entries = new Map<string, unknown>();
  for await (const entry of zip.eachEntry()) {
    entries.set(entry.fileName, JSON.parse(await text(await zip.openReadStreamPromise(entry))));
  }
  return entries;
}

const ajv = new Ajv({ allErrors: true, formats: { 'date-time': (value: string) => !Number.isNaN(Date.parse(value)) } });
ajv.addSchema(JSON.parse(readFileSync(join(__dirname, '../../../test/fixtures/inspect/eval-log.schema.json'), 'utf8')));

/** What a value has that the format does not, or lacks that it needs. */
function problems(definition: string, value: unknown): unknown {
  ajv.validate(`eval-log#/$defs/${definition}`, value);
  return ajv.errors;
}

describe('parley export inspect', () => {
  it('writes a log a checkpoint that keeps to the format, and holds every negotiation', async () => {
    const config = writeSampleRun(run, 1);
    const rows = sampleRows(config, 2);
    writeIterations(run, config, 2, 2);
    // The journal's later line of an iteration replaces the earlier: the second has a checkpoint, so it alone is exported.
    const bytes = readFileSync(join(run, RUN_PATHS.rollouts(2))).byteLength;
    const line = sampleLine(config, 2, { rows: rows.length, bytes });
    appendLine(run, { ...line, checkpoint: { folder: RUN_PATHS.checkpoint(2), files: {} } });
    const out = join(folder, 'logs');
    const { code, err } = await runCommandLine(['export', 'inspect', run, '--out', out]);
    expect([code, err]).toEqual([0, '']);
    expect(readdirSync(out)).toEqual(['2026-11-24T10-00-02+00-00_ipd_sample-000002.eval']);

    const entries = await unzip(join(out, readdirSync(out)[0]!));
    const samples = [0, 1, 2, 3].map((id) => `samples/${id}_epoch_1.json`);
    expect([...entries.keys()].sort()).toEqual(
      ['_journal/start.json', '_journal/summaries/1.json', 'header.json', 'summaries.json', ...samples].sort(),
    );
    expect(problems('EvalHeader', entries.get('header.json'))).toBeNull();
    expect(problems('LogStart', entries.get('_journal/start.json'))).toBeNull();
    for (const name of samples) expect(problems('EvalSample', entries.get(name))).toBeNull();
    for (const summary of entries.get('summaries.json') as unknown[]) expect(problems('EvalSampleSummary', summary)).toBeNull();

    const header = entries.get('header.json') as EvalHeader;
    expect(header.eval).toMatchObject({ model: 'parley/sample@2', dataset: { samples: 4, sample_ids: [0, 1, 2, 3] } });
    // Bob defects in odd negotiations: (3, 3) and (0, 5).
    const means = {
      reward_alice: 1.5,
      reward_bob: 4,
      joint_reward: 5.5,
      efficiency: expect.closeTo(5.5 / 6),
      cooperation_alice: 1,
      cooperation_bob: 0.5,
    };
    const scored = header.results.scores as { name: string; metrics: { mean: { value: number } } }[];
    expect(Object.fromEntries(scored.map(({ name, metrics }) => [name, metrics.mean.value]))).toEqual(means);

    const third = entries.get('samples/3_epoch_1.json') as EvalSample;
    const turns = rows.filter(({ negotiation }) => negotiation === 3);
    expect(third.metadata).toMatchObject({ seed_group: 1, negotiation: 3, iteration: 2, players: { alice: 'policy', bob: 'policy' } });
    expect(third.scores.reward_bob).toMatchObject({ value: 5, metadata: { rewards: [5, 5] } });
    const spans = third.events.filter((event) => event.event === 'span_begin' && event.type === 'agent');
    expect(spans.map((event) => 'name' in event && event.name)).toEqual(turns.map(({ agent }) => agent));
    const models = third.events.flatMap((event) => (event.event === 'model' ? [event] : []));
    turns.forEach((row, i) => {
      const { output, metadata, span_id } = models[i]!;
      expect(span_id).toBe(`turn-${row.turn}`);
      expect(output.completion).toBe(row.text);
      const tokens = row.token_texts.map((token) => ({ token, logprob: -0.5, bytes: [...Buffer.from(token)] }));
      expect(output.choices[0]?.logprobs?.content).toEqual(tokens);
      expect(metadata).toMatchObject({ credit: row.credit[0], own_advantage: row.own_advantage[0], alignment_term: row.alignment_term[0] });
    });
    // Each agent reads its own prompts and what it said itself, in order.
    expect(models.at(-1)!.input.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      'user: r0 play',
      'assistant: B',
      'user: r1 play',
    ]);
    expect(third.messages.map(({ content }) => content)).toEqual(turns.flatMap(({ prompt, text: said }) => [prompt, said]));
  });

  it('gives equal bytes for an equal run, and one file where one is asked for', async () => {
    writeSampleRun(run, 2);
    const [a, b] = [join(folder, 'a.eval'), join(folder, 'b.eval')];
    for (const out of [a, b]) expect((await runCommandLine(['export', 'inspect', run, '--iteration', '2', '--out', out])).code).toBe(0);
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
    // Some readers take an entry's size from the header before it, which a streamed ZIP leaves 0.
    expect([readFileSync(a).readUInt16LE(6) & 8, readFileSync(a).readUInt32LE(18) > 0]).toEqual([0, true]);
    const { err } = await runCommandLine(['export', 'inspect', run, '--out', join(folder, 'c.eval')]);
    expect(err).toMatch(/^parley export: .*c\.eval is one file, and these are 2 iterations: name a folder, or one with --iteration\n$/);
    expect((await runCommandLine(['export', 'inspect', run, '--iteration', '0', '--out', a])).err).toMatch(
      /nothing was played in iteration 0/,
    );
  });

  it('leaves nothing behind when it is called off', async () => {
    writeSampleRun(run, 3);
    const stop = new AbortController();
    const settings = { format: 'inspect', runs: [run], out: join(folder, 'logs'), iterations: [], overwrite: false } as const;
    const exporting = exportRuns(
      { ...settings, runs: [run], iterations: [] },
      {
        media: join(__dirname, '../../../media'),
        signal: stop.signal,
        progress: (done) => done === 1 && stop.abort(new Error('called off')),
      },
    );
    await expect(exporting).rejects.toThrow('called off');
    expect(readdirSync(folder)).toEqual(['aa']);
  });
});
