import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../test/cli/runCommandLine';
import { appendLine, sampleLine, sampleRows, writeSampleRun } from '../../../test/runs/sampleRun';
import { type Annotation, formatAnnotations } from '../../annotations';

let folder: string;
const run = (id: string): string => join(folder, '.parley/runs', id);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-report-'));
  mkdirSync(join(folder, '.parley/annotations'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function report(...words: string[]): Promise<string> {
  const out = join(folder, 'report.html');
  const { code, err } = await runCommandLine(['export', 'html', ...words, '--out', out, '--overwrite']);
  expect([code, err]).toEqual([0, '']);
  return readFileSync(out, 'utf8');
}

/** Text of a page, tags left out and white space made one space. */
const textOf = (html: string): string =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

function annotation(change: Partial<Annotation>): Annotation {
  const time = '2026-11-24T12:00:00.000Z';
  const made = { author: 'ada', created: time, edited: time, tags: [], replies: [], reactions: [], resolved: false };
  return {
    id: `a${change.turn}`,
    run: 'aa',
    iteration: 1,
    negotiation: 2,
    turn: 0,
    tokens: { start: 0, end: 1 },
    quote: 'A',
    body: '',
    ...made,
    ...change,
  };
}

describe('parley export html', () => {
  it('compares runs: findings over seeds, curves, and what was annotated', async () => {
    const measures = sampleLine(writeSampleRun(run('aa'), 3, {}, { id: 'aa', name: 'aa 7' }), 1, { rows: 1, bytes: 1 }).measures!;
    writeSampleRun(run('aa8'), 3, { seed: 8 }, { id: 'aa8', name: 'aa 8' });
    writeSampleRun(run('rl'), 2, { algorithm: 'rl' }, { id: 'rl', name: 'rl 7' });
    for (const [id, cooperationRate] of [
      ['aa', 1],
      ['aa8', 0.5],
    ] as const) {
      appendLine(run(id), { type: 'finished', iteration: 3, time: '2026-11-24T10:00:09.000Z', measures: { ...measures, cooperationRate } });
    }
    const notes = [
      annotation({ turn: 1, body: 'Does it *mean* <b>that</b>?\n#odd', tags: ['odd'] }),
      annotation({ turn: 2, quote: 'gone', body: 'what was here' }),
      annotation({ turn: 3, body: 'never seen', deleted: '2026-11-24T13:00:00.000Z' }),
    ];
    writeFileSync(join(folder, '.parley/annotations/aa.jsonl'), formatAnnotations({ annotations: notes, broken: [] }));
    const html = await report(run('aa'), run('aa8'), run('rl'), '--negotiation', '2/3');
    const text = textOf(html);
    expect(text).toContain('All runs: game ipd · ');
    // Two seeds of aa; rl is not finished, so that the mean of its iterations stands for it.
    expect(text).toMatch(/Cooperation rate share of rounds in which the policy cooperates 0\.75 \[0\.50, 1\.00\] 0\.75 /);
    expect(text).toContain('Not finished: rl 7');
    // Bob defects in odd negotiations, and in the fourth it is not the live policy that does: (3 + 2.5 + 3 + 0) / 4 points.
    expect(text).toMatch(/aa 7 1–3, 6 seed groups 2\.13 \[1\.\d+, 2\.\d+\] 1\.00 \[1\.00, 1\.00\] 0\.88 \[0\.\d+, 0\.\d+\]/);
    expect(html.match(/<svg /g)?.length).toBeGreaterThan(8);
    // What is asked for of every run, what is annotated of the one.
    const headings = [...html.matchAll(/<h3 [^>]*>(.*?)<\/h3>/g)].map(([, heading]) => heading);
    const each = (name: string): string => `${name}, iteration 2, negotiation 3`;
    expect(headings).toEqual(['aa 7, iteration 1, negotiation 2', each('aa 7'), each('aa 8'), each('rl 7')]);
    expect(html).toContain('<p class="body">Does it *mean* &lt;b>that&lt;/b>?\n#odd</p>');
    expect(text).toMatch(/ada on gone , which the turn no longer says/);
    expect(text).not.toContain('never seen');
    expect(html).toMatch(
      /<span class="token [^"]*noted" title="push [^"]*">A<\/span><sup><a href="#negotiation-1-t1-n1">note 1<\/a><\/sup>/,
    );
  });

  it('holds nothing that could run or be fetched, whatever was said', async () => {
    const evil = '</style><script>alert(1)</script><img src=//example.com onerror=alert(2)>\u202E';
    writeSampleRun(run('aa'), 1, {}, { id: 'aa', name: evil }, (rows) => {
      rows[0] = { ...rows[0]!, text: evil, token_texts: [evil, '"><script>'] };
      return rows;
    });
    const html = await report(run('aa'));
    expect(html).not.toMatch(/<script|<img|<link|<iframe|\son\w+=["']|url\(|@import/i);
    // A namespace is a name.
    expect(html.match(/(https?:)?\/\/[\w.]+/g)?.filter((url) => url !== 'http://www.w3.org')).toEqual(
      html.match(/\/\/example\.com/g) ?? [],
    );
    // What turns the line around is escaped.
    expect(html.slice(html.indexOf('<h3'))).not.toMatch(/<span class="token[^>]*>[^<]*\u202E/);
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(html) ?? [];
    const digest = createHash('sha256').update(style).digest('base64');
    expect(html).toContain(`content="default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'"`);
    expect(html).not.toMatch(/ style="/);
  });

  it('shows the last iteration’s first negotiation where none is chosen, and refuses one that is not there', async () => {
    const config = writeSampleRun(run('aa'), 2, {}, { id: 'aa', name: 'aa' });
    const html = await report(run('aa'));
    expect([...html.matchAll(/<h3 [^>]*>(.*?)<\/h3>/g)].map(([, heading]) => heading)).toEqual(['aa, iteration 2, negotiation 0']);
    const turns = sampleRows(config, 2).filter(({ negotiation }) => negotiation === 0);
    expect(html.match(/class="turn /g)).toHaveLength(turns.length);
    const out = join(folder, 'other.html');
    const refused = async (...words: string[]): Promise<string> => (await runCommandLine(['export', ...words, '--out', out])).err;
    expect(await refused('html', run('aa'), '--negotiation', '2/4')).toBe(
      'parley export: there is no negotiation 4 in iteration 2 of these runs\n',
    );
    expect(await refused('html', run('aa'), '--negotiation', '2')).toMatch(/--negotiation 2: write ITERATION\/N/);
    expect(await refused('html', run('aa'), '--iteration', '2')).toMatch(/a report spans all iterations/);
    expect(await refused('csv', run('aa'), '--negotiation', '2/0')).toMatch(/--negotiation is for html/);
    expect(readdirSync(folder).sort()).toEqual(['.parley', 'report.html']);
  });
});
