import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import {
  type Annotation,
  anchorOf,
  annotationId,
  answerDeleted,
  answered,
  answerRewritten,
  answersOf,
  deleted,
  exportCsv,
  exportJson,
  exportParquet,
  filterAnnotations,
  formatAnnotations,
  mergeAll,
  mergeAnnotations,
  newAnnotation,
  nextAnnotation,
  parseAnnotationFilter,
  parseAnnotations,
  previousAnnotation,
  reacted,
  reactionsOf,
  resolveAnchor,
  resolved,
  rewritten,
  tagsInUse,
  tagsOf,
} from './index';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();
const ada = (second: number) => ({ author: 'ada', time: at(second) });
const bob = (second: number) => ({ author: 'bob', time: at(second) });
const make = (id: string, change: Partial<Annotation> = {}): Annotation => ({
  ...newAnnotation(
    id,
    { run: 'r', iteration: 1, negotiation: 2, turn: 3, tokens: { start: 0, end: 2 }, quote: 'I hold' },
    `about ${id}`,
    ['lie'],
    ada(0),
  ),
  ...change,
});

describe('ids', () => {
  it('sort by time of making, and differ by chance', () => {
    expect(annotationId(0, new Uint8Array(5))).toBe('000000000000000000');
    expect(annotationId(2 ** 40, Uint8Array.of(255, 255, 255, 255, 255))).toBe('0100000000zzzzzzzz');
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.uint8Array({ minLength: 5, maxLength: 5 }),
        fc.uint8Array({ minLength: 5, maxLength: 5 }),
        (a, b, x, y) => {
          const [first, second] = [annotationId(a, x), annotationId(b, y)];
          expect(first).toMatch(/^[0-9a-hjkmnp-tv-z]{18}$/);
          if (a < b) expect(first < second).toBe(true);
          if (a === b) expect(first === second).toBe(Buffer.from(x).equals(y));
        },
      ),
    );
    expect(() => annotationId(0, new Uint8Array(4))).toThrow(RangeError);
    expect(() => annotationId(-1, new Uint8Array(5))).toThrow(RangeError);
  });
});

describe('the file', () => {
  it('has a line an annotation, by id, the same bytes for the same content', () => {
    const [first, second] = [make('a'), make('b', { body: 'two\nlines' })];
    const text = formatAnnotations({ annotations: [second, first], broken: [] });
    expect(text.split('\n').map((line) => line.slice(0, 9))).toEqual(['{"id":"a"', '{"id":"b"', '']);
    expect(formatAnnotations(parseAnnotations(text))).toBe(text);
    expect(parseAnnotations(text)).toEqual({ annotations: [first, second], broken: [] });
    expect(parseAnnotations(text.replaceAll('\n', '\r\n'))).toEqual(parseAnnotations(text));
  });

  it('keeps what it does not know', () => {
    const line = JSON.stringify({
      ...make('a'),
      colour: 'red',
      replies: [{ id: 'x', author: 'ada', created: at(1), edited: at(1), body: '', mood: 3 }],
    });
    const text = formatAnnotations(parseAnnotations(line));
    expect(JSON.parse(text)).toMatchObject({ colour: 'red', replies: [{ mood: 3, reactions: [] }] });
  });

  it('reports broken lines by number and keeps them where they were', () => {
    const good = (id: string): string => JSON.stringify(make(id));
    const lines = ['{"id": "half', good('b'), '{"id":"c"}', good('d'), JSON.stringify({ ...make('e'), tokens: { start: 3, end: 1 } })];
    const file = parseAnnotations(`${lines.join('\n')}\n`);
    expect(file.annotations.map(({ id }) => id)).toEqual(['b', 'd']);
    expect(file.broken.map(({ line, problem }) => [line, problem])).toEqual([
      [1, 'is no JSON: mend or delete it'],
      [3, expect.stringMatching(/^is no annotation \(.*run.*\): mend or delete it$/)],
      [5, expect.stringContaining('tokens end at 1, before 3')],
    ]);
    const added = formatAnnotations({ annotations: [...file.annotations, make('c')], broken: file.broken });
    expect(
      added
        .trimEnd()
        .split('\n')
        .map((line) => lines.indexOf(line)),
    ).toEqual([0, 1, 2, -1, 3, 4]);
  });

  it('never loses a line, whatever stands in it', () => {
    const line = fc
      .oneof(
        fc.string({ unit: 'grapheme' }),
        fc.json(),
        fc.constantFrom('a', 'b', 'c').map((id) => JSON.stringify(make(id))),
      )
      .map((s) => s.replace(/[\r\n]/g, ' '));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const text = formatAnnotations(parseAnnotations(lines.join('\n')));
        for (const each of lines) if (each.trim() !== '' && !each.startsWith('{"id":')) expect(text.split('\n')).toContain(each);
        expect(formatAnnotations(parseAnnotations(text))).toBe(text);
      }),
    );
  });

  it('reads both sides of a merge that git gave up', () => {
    const [base, other] = [make('a'), make('b')];
    const text = [
      '<<<<<<< HEAD',
      JSON.stringify(answered(base, 'r1', 'no', bob(1))),
      '=======',
      JSON.stringify(answered(base, 'r2', 'yes', ada(2))),
      JSON.stringify(other),
      '>>>>>>> theirs',
    ].join('\n');
    const file = parseAnnotations(text);
    expect(file.broken.map(({ line, problem }) => `${line} ${problem.slice(0, 28)}`)).toEqual([
      '1 is a mark that git left in a',
      '3 is a mark that git left in a',
      '6 is a mark that git left in a',
    ]);
    expect(file.annotations.map(({ id, replies }) => [id, replies.map((reply) => reply.id)])).toEqual([
      ['a', ['r1', 'r2']],
      ['b', []],
    ]);
  });
});

describe('merging', () => {
  const deed = fc.record({ author: fc.constantFrom('ada', 'bob'), time: fc.integer({ min: 0, max: 3 }).map(at) });
  const edit = fc.oneof(
    fc.tuple(fc.string({ maxLength: 2 }), deed).map(
      ([body, { time }]) =>
        (a: Annotation) =>
          rewritten(a, body, [body], time),
    ),
    fc.tuple(fc.constantFrom('x', 'y'), deed).map(
      ([id, d]) =>
        (a: Annotation) =>
          a.replies.some((reply) => reply.id === id) ? a : answered(a, id, `by ${d.author}`, d),
    ),
    fc.tuple(fc.constantFrom('x', 'y'), deed).map(
      ([id, { time }]) =>
        (a: Annotation) =>
          a.replies.some((reply) => reply.id === id) ? answerRewritten(a, id, time, time) : a,
    ),
    fc.tuple(fc.constantFrom('x', 'y'), deed).map(
      ([id, { time }]) =>
        (a: Annotation) =>
          a.replies.some((reply) => reply.id === id) ? answerDeleted(a, id, time) : a,
    ),
    fc.tuple(fc.boolean(), deed).map(
      ([is, d]) =>
        (a: Annotation) =>
          resolved(a, is, d),
    ),
    deed.map((d) => (a: Annotation) => reacted(a, null, '👍', d)),
    deed.map(
      ({ time }) =>
        (a: Annotation) =>
          deleted(a, time),
    ),
  );
  const state = fc.array(edit, { maxLength: 5 }).map((edits) => edits.reduce((annotation, change) => change(annotation), make('a')));

  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        const text = (annotation: Annotation): string => JSON.stringify(annotation);
        expect(text(mergeAnnotations(a, b))).toBe(text(mergeAnnotations(b, a)));
        expect(text(mergeAnnotations(mergeAnnotations(a, b), c))).toBe(text(mergeAnnotations(a, mergeAnnotations(b, c))));
        expect(text(mergeAnnotations(a, a))).toBe(text(a));
        expect(mergeAll([a, b, c])).toHaveLength(1);
      }),
    );
  });

  it('takes what was written last, and keeps the answers and reactions of both', () => {
    const base = reacted(make('a'), null, '👍', ada(1));
    const ours = resolved(answered(rewritten(base, 'ours', ['x'], at(5)), 'r1', 'one', ada(6)), true, ada(7));
    const theirs = reacted(
      reacted(answered(rewritten(base, 'theirs', ['y'], at(4)), 'r2', 'two', bob(4)), null, '👍', ada(8)),
      null,
      '👍',
      bob(9),
    );
    const merged = mergeAnnotations(ours, theirs);
    expect([merged.body, merged.tags, merged.resolved, merged.resolvedBy]).toEqual(['ours', ['x'], true, 'ada']);
    expect(merged.replies.map(({ body }) => body)).toEqual(['one', 'two']);
    expect(reactionsOf(merged)).toEqual([{ emoji: '👍', authors: ['bob'] }]);
    expect(mergeAnnotations(base, deleted(base, at(3))).deleted).toBe(at(3));
  });
});

describe('editing', () => {
  it('answers, rewrites, reacts and deletes without touching the rest', () => {
    const base = make('a');
    const talked = reacted(answered(base, 'r1', 'hm', bob(1)), 'r1', '🎉', ada(2));
    expect(reactionsOf(talked.replies[0]!)).toEqual([{ emoji: '🎉', authors: ['ada'] }]);
    expect(reactionsOf(reacted(talked, 'r1', '🎉', ada(3)).replies[0]!)).toEqual([]);
    expect(answersOf(answerDeleted(talked, 'r1', at(4)))).toEqual([]);
    expect(answerRewritten(talked, 'r1', 'ah', at(5)).replies[0]).toMatchObject({ body: 'ah', created: at(1), edited: at(5) });
    expect(() => answerDeleted(base, 'r9', at(1))).toThrow(/annotation a has no answer r9/);
    expect(base.replies).toEqual([]);
    expect(resolved(resolved(base, true, ada(1)), false, bob(2))).toMatchObject({ resolved: false, resolvedBy: 'bob' });
  });

  it('finds tags in a body', () => {
    expect(tagsOf('#deceptive and #naïve-1, not a#b or # c')).toEqual(['deceptive', 'naïve-1']);
  });
});

describe('anchors', () => {
  const turn = (...tokens: string[]) => {
    const ends = tokens.map((_, i) => tokens.slice(0, i + 1).join('').length);
    return { text: tokens.join(''), tokenRanges: ends.map((end, i): [number, number] => [ends[i - 1] ?? 0, end]) };
  };
  const quoted = { tokens: { start: 1, end: 3 }, quote: ' hold 🤝' };

  it('hold while the tokens say what was quoted', () => {
    expect(resolveAnchor(quoted, turn('I', ' hold', ' 🤝', '!'))).toEqual({ kind: 'anchored', start: 1, end: 9 });
    expect(resolveAnchor({ tokens: { start: 0, end: 0 }, quote: '' }, turn())).toEqual({ kind: 'anchored', start: 0, end: 0 });
  });

  it('move when the quote stands elsewhere, once', () => {
    expect(resolveAnchor(quoted, turn('I', ' ho', 'ld', ' 🤝!'))).toEqual({
      kind: 'moved',
      start: 1,
      end: 9,
      tokens: { start: 1, end: 4 },
    });
    expect(resolveAnchor(quoted, turn('Well, ', 'I', ' hold', ' 🤝'))).toMatchObject({ kind: 'moved', tokens: { start: 2, end: 4 } });
    expect(resolveAnchor(quoted, turn('x', ' hold 🤝', ' hold 🤝', 'y'))).toMatchObject({
      kind: 'orphaned',
      reason: expect.stringContaining('more than once'),
    });
  });

  it('are orphaned when the quote or the turn is gone', () => {
    expect(resolveAnchor(quoted, turn('I', ' fold'))).toMatchObject({ kind: 'orphaned' });
    expect(resolveAnchor(quoted, undefined)).toEqual({ kind: 'orphaned', reason: 'its turn is gone' });
    expect(resolveAnchor({ tokens: { start: 4, end: 4 }, quote: '' }, turn('a'))).toMatchObject({ kind: 'orphaned' });
  });

  it('are made of a selection, widened to whole tokens', () => {
    const said = turn('I', ' hold', ' 🤝');
    expect(anchorOf(said, 3, 8)).toEqual({ tokens: { start: 1, end: 3 }, quote: ' hold 🤝' });
    expect(anchorOf(said, 4, 4)).toEqual({ tokens: { start: 0, end: 3 }, quote: 'I hold 🤝' });
    expect(anchorOf(turn(), 0, 0)).toEqual({ tokens: { start: 0, end: 0 }, quote: '' });
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.nat(),
        (tokens, a, b) => {
          const text = turn(...tokens);
          const [start, end] = [a % (text.text.length + 1), b % (text.text.length + 1)].sort((x, y) => x - y) as [number, number];
          expect(resolveAnchor(anchorOf(text, start, end), text).kind).toBe('anchored');
        },
      ),
    );
  });
});

describe('filters and order', () => {
  const list = [
    make('a', { iteration: 2, tags: ['lie', 'concession'] }),
    answered(make('b', { negotiation: 0, body: 'A Promise' }), 'r', 'kept later', bob(1)),
    make('c', { turn: 9, author: 'bob', tags: [], resolved: true }),
    make('d', { deleted: at(9) }),
  ];
  const ids = (found: readonly Annotation[]): string => found.map(({ id }) => id).join('');

  it('filter by text, tags, author, state and place', () => {
    expect(ids(filterAnnotations(list, {}))).toBe('bca');
    expect(ids(filterAnnotations(list, { text: 'promise LATER' }))).toBe('b');
    expect(ids(filterAnnotations(list, { tags: ['lie', 'concession'] }))).toBe('a');
    expect(ids(filterAnnotations(list, { author: 'bob' }))).toBe('c');
    expect(ids(filterAnnotations(list, { resolved: false, iteration: 1 }))).toBe('b');
    expect(ids(filterAnnotations(list, { orphaned: true }, ({ id }) => id === 'c'))).toBe('c');
  });

  it('go round, from an annotation or from a place', () => {
    const order = filterAnnotations(list, {});
    expect(ids([nextAnnotation(order, order[0]!)!, nextAnnotation(order, order[2]!)!])).toBe('cb');
    expect(ids([previousAnnotation(order, order[0]!)!, previousAnnotation(order, order[2]!)!])).toBe('ac');
    const place = { iteration: 1, negotiation: 2, turn: 3, token: 0 };
    expect(ids([nextAnnotation(order, place)!, previousAnnotation(order, place)!])).toBe('cb');
    expect(nextAnnotation([], place)).toBeUndefined();
    expect(tagsInUse(list)).toEqual([
      { tag: 'lie', count: 2 },
      { tag: 'concession', count: 1 },
    ]);
  });
});

describe('annotations on branches', () => {
  const anchor = { run: 'r', iteration: 1, negotiation: 2, turn: 3, tokens: { start: 0, end: 2 }, quote: 'I hold' };
  const on = newAnnotation('b', { ...anchor, branch: 4 }, 'about a branch', [], { author: 'ada', time: at(0) });

  it('are kept apart from those on the negotiation, and merge as they do', () => {
    expect(on.branch).toBe(4);
    expect(parseAnnotations(formatAnnotations({ annotations: [on], broken: [] })).annotations).toEqual([on]);
    const list = [make('a'), on];
    expect(filterAnnotations(list, { negotiation: 2, branch: null }).map(({ id }) => id)).toEqual(['a']);
    expect(filterAnnotations(list, { negotiation: 2, branch: 4 }).map(({ id }) => id)).toEqual(['b']);
    expect(filterAnnotations(list, { negotiation: 2 }).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(mergeAnnotations(on, resolved(on, true, bob(1)))).toMatchObject({ branch: 4, resolved: true });
    expect(exportCsv([on]).split('\r\n')[1]).toMatch(/,4$/);
  });
});

describe('exports', () => {
  const list = [
    reacted(answered(make('b', { body: 'say "no", then\nleave', quote: 'naïve 🤝' }), 'r', 'why?', bob(1)), null, '👍', bob(2)),
    make('a', { tags: [] }),
    make('c', { deleted: at(1) }),
  ];

  it('to CSV', () => {
    const lines = exportCsv(list).split('\r\n');
    expect(lines[0]).toBe(
      'id,run,iteration,negotiation,turn,token_start,token_end,quote,body,tags,author,created,edited,resolved,resolved_by,resolved_at,replies,reactions,branch',
    );
    expect(lines[1]).toMatch(/^a,r,1,2,3,0,2,I hold,about a,,ada,/);
    expect(lines[2]).toContain('naïve 🤝,"say ""no"", then\nleave",lie,ada,');
    expect(lines[2]).toMatch(/,false,,,bob: why\?,👍 1,$/);
    expect(lines).toHaveLength(4);
  });

  it('to JSON', () => {
    expect(JSON.parse(exportJson(list))).toMatchObject([{ id: 'a' }, { id: 'b', replies: [{ body: 'why?' }] }]);
  });

  it('to Parquet, read back', async () => {
    const bytes = exportParquet(list);
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    });
    expect(rows).toMatchObject([
      { id: 'a', tags: [], replies: [], resolved: false, resolved_by: null, token_end: 2 },
      { id: 'b', tags: ['lie'], quote: 'naïve 🤝', replies: ['bob: why?'], reactions: ['👍 1'] },
    ]);
    expect(exportParquet([]).length).toBeGreaterThan(0);
  });
});

describe('filters as they are written', () => {
  it('name tags, authors and states, and leave the rest to words', () => {
    expect(parseAnnotationFilter('#lie  by:ada is:open rock paper #x')).toEqual({
      ...{ tags: ['lie', 'x'], author: 'ada', resolved: false, text: 'rock paper' },
    });
    expect(parseAnnotationFilter(' is:resolved is:orphaned # ')).toEqual({ resolved: true, orphaned: true, text: '#' });
    expect(parseAnnotationFilter('')).toEqual({});
    expect(() => parseAnnotationFilter('is:odd')).toThrow(/there is no is:odd; there are is:open/);
  });
});
