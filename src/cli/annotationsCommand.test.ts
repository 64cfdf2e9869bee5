import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';
import { writeSampleRun } from '../../test/runs/sampleRun';
import { AnnotationStore, deleted, newAnnotation } from '../annotations';

describe('parley annotations', () => {
  let folder: string;
  const annotations = (): string => join(folder, '.parley/annotations');

  const run = (...words: readonly string[]) => runCommandLine(['annotations', ...words]);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'annotations-cli-'));
    const store = new AnnotationStore(annotations());
    const deed = { author: 'ada', time: '2026-01-31T12:00:00.000Z' };
    const make = (id: string, of: string, body: string, tags: string[] = []) =>
      newAnnotation(id, { run: of, iteration: 1, negotiation: 0, turn: 0, tokens: { start: 0, end: 1 }, quote: 'A' }, body, tags, deed);
    await store.put(
      'aa',
      make('1', 'aa', 'lies, "twice"', ['deceptive']),
      make('2', 'aa', 'plain'),
      deleted(make('3', 'aa', 'no'), deed.time),
    );
    await store.put('rl', make('4', 'rl', 'other'));
    writeSampleRun(join(folder, '.parley/runs/aa'), 1, {}, { id: 'aa' });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('exports a workspace, its annotations, one file, or one run', async () => {
    const bodies = async (...words: string[]): Promise<string[]> => {
      const { code, out, err } = await run('export', ...words, '--json');
      expect({ code, err }).toEqual({ code: 0, err: '' });
      return (JSON.parse(out) as { body: string }[]).map(({ body }) => body);
    };
    expect(await bodies(folder)).toEqual(['lies, "twice"', 'plain', 'other']);
    expect(await bodies(annotations())).toEqual(['lies, "twice"', 'plain', 'other']);
    expect(await bodies(join(annotations(), 'rl.jsonl'))).toEqual(['other']);
    expect(await bodies(join(folder, '.parley/runs/aa'))).toEqual(['lies, "twice"', 'plain']);
    expect(await bodies(folder, '--filter', '#deceptive is:open')).toEqual(['lies, "twice"']);
  });

  it('writes CSV and Parquet', async () => {
    expect((await run('export', folder)).out).toMatch(/^id,run,.*\r\n1,aa,1,0,0,0,1,A,"lies, ""twice""",deceptive,ada,/);
    const out = join(folder, 'all.parquet');
    expect(await run('export', folder, '--out', out)).toMatchObject({ code: 0, out: '', err: `3 annotations in ${out}\n` });
    const bytes = await readFile(out);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    expect((await parquetReadObjects({ file, columns: ['id', 'tags'] })).map(({ id, tags }) => [id, tags])).toEqual([
      ['1', ['deceptive']],
      ['2', []],
      ['4', []],
    ]);
  });

  it('names what it cannot read or does not know', async () => {
    await appendFile(join(annotations(), 'rl.jsonl'), '{"half\n');
    const torn = await run('export', folder, '--json');
    expect(torn.code).toBe(0);
    expect(torn.err).toMatch(/rl\.jsonl:2 is no JSON: mend or delete it\n$/);
    await mkdir(join(folder, 'empty'));
    await writeFile(join(folder, 'note.txt'), '');
    for (const [words, code, message] of [
      [['import', folder], 2, /there is no action "import"/],
      [['export', folder, '--format', 'parquet'], 2, /needs a file: --out/],
      [['export', folder, '--filter', 'is:odd'], 2, /there is no is:odd/],
      [['export', folder, '--filter', 'is:orphaned'], 2, /known in the editor only/],
      [['export', join(folder, 'nowhere')], 1, /nowhere does not exist/],
      [['export', join(folder, 'empty')], 1, /has no annotations: name a workspace folder/],
      [['export', join(folder, 'note.txt')], 1, /is no file of annotations/],
    ] as const) {
      const result = await run(...words);
      expect(result.code).toBe(code);
      expect(result.err).toMatch(message);
      expect(result.err.trimEnd()).not.toContain('\n');
    }
  });
});
