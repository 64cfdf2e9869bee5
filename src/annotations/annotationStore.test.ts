import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Annotation, AnnotationStore, answered, deleted, newAnnotation, reacted, resolved, rewritten } from './index';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'annotations-'));
  made.push(folder);
  return folder;
};
const at = (second: number): string => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();
const make = (id: string, author = 'ada'): Annotation =>
  newAnnotation(id, { run: 'r', iteration: 1, negotiation: 0, turn: 0, tokens: { start: 0, end: 1 }, quote: 'I' }, `about ${id}`, [], {
    author,
    time: at(0),
  });

describe('the store', () => {
  it('reads nothing where there is nothing', async () => {
    const store = new AnnotationStore(join(temporary(), '.parley/annotations'));
    expect(await store.read('r')).toEqual({ annotations: [], broken: [] });
    expect(await store.runs()).toEqual([]);
  });

  it('writes whole files, and follows others’ changes', async () => {
    const folder = temporary();
    const store = new AnnotationStore(folder);
    const window = new AnnotationStore(folder);
    await store.put('r', make('b'));
    await window.put('r', make('a'));
    await store.change('r', 'a', (annotation) => answered(annotation, 'x', 'hm', { author: 'bob', time: at(1) }));
    expect((await window.read('r')).annotations.map(({ id, replies }) => [id, replies.length])).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
    await expect(store.change('r', 'z', (annotation) => annotation)).rejects.toThrow(/r\.jsonl has no annotation z/);
    expect(readdirSync(folder).sort()).toEqual(['.gitattributes', 'r.jsonl']);
  });

  it('lets no two writes of one window overlap', async () => {
    const store = new AnnotationStore(temporary());
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.put('r', make(String(i).padStart(2, '0')))));
    expect((await store.read('r')).annotations).toHaveLength(20);
  });

  it('keeps broken lines', async () => {
    const store = new AnnotationStore(temporary());
    writeFileSync(store.pathOf('r'), '{"id": "half\n');
    expect((await store.put('r', make('a'))).broken).toHaveLength(1);
    expect(readFileSync(store.pathOf('r'), 'utf8')).toMatch(/^\{"id": "half\n\{"id":"a"/);
  });

  it('names files so that every system takes them', async () => {
    const store = new AnnotationStore(temporary());
    const runs = ['2026-01-31 aa', '../../etc', 'con', 'naïve', 'a.b'];
    for (const run of runs) await store.put(run, make('a'));
    expect(await store.runs()).toEqual([...runs].sort());
    expect(store.pathOf('../../etc')).toBe(join(store.folder, '%2e%2e%2f%2e%2e%2fetc.jsonl'));
    expect(store.pathOf('con')).toBe(join(store.folder, '%63on.jsonl'));
  });
});

describe('two people in one git repository', () => {
  /** A repository with two branches; each edits through a store of its own, then one merges the other. */
  const merged = async (
    before: (store: AnnotationStore) => Promise<unknown>,
    ours: (store: AnnotationStore) => Promise<unknown>,
    theirs: (store: AnnotationStore) => Promise<unknown>,
  ): Promise<readonly Annotation[]> => {
    const repository = temporary();
    const git = (...args: string[]): void => {
      execFileSync(
        'git',
        ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', '-c', 'init.defaultBranch=main', ...args],
        {
          cwd: repository,
          env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
          stdio: 'pipe',
        },
      );
    };
    const store = new AnnotationStore(join(repository, '.parley/annotations'));
    const commit = async (edit: (store: AnnotationStore) => Promise<unknown>): Promise<void> => {
      await edit(store);
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', 'annotations');
    };
    git('init', '-q');
    await commit(before);
    git('checkout', '-q', '-b', 'theirs');
    await commit(theirs);
    git('checkout', '-q', 'main');
    await commit(ours);
    git('merge', '-q', '--no-edit', 'theirs');
    const file = await store.read('r');
    expect(file.broken).toEqual([]);
    return file.annotations;
  };
  const nothing = async (): Promise<void> => undefined;

  it('both begin the file', async () => {
    const result = await merged(
      nothing,
      (store) => store.put('r', make('a1')),
      (store) => store.put('r', make('a2', 'bob')),
    );
    expect(result.map(({ id, author }) => `${id} ${author}`)).toEqual(['a1 ada', 'a2 bob']);
  });

  it('both add at the same place', async () => {
    const result = await merged(
      (store) => store.put('r', make('a'), make('z')),
      (store) => store.put('r', make('b'), make('d')),
      (store) => store.put('r', make('c', 'bob')),
    );
    expect(result.map(({ id }) => id).join('')).toBe('abcdz');
  });

  it('both answer the same annotation, one resolves it and the other rewrites it', async () => {
    const [result] = await merged(
      (store) => store.put('r', make('a')),
      (store) =>
        store.change('r', 'a', (a) =>
          resolved(answered(a, 'r1', 'no', { author: 'ada', time: at(1) }), true, { author: 'ada', time: at(2) }),
        ),
      (store) =>
        store.change('r', 'a', (a) =>
          reacted(rewritten(answered(a, 'r2', 'yes', { author: 'bob', time: at(3) }), 'better', ['lie'], at(4)), null, '👍', {
            author: 'bob',
            time: at(5),
          }),
        ),
    );
    expect(result).toMatchObject({
      body: 'better',
      tags: ['lie'],
      resolved: true,
      replies: [{ id: 'r1' }, { id: 'r2' }],
      reactions: [{ author: 'bob' }],
    });
  });

  it('one deletes what stands beside the other’s addition', async () => {
    const result = await merged(
      (store) => store.put('r', make('a'), make('b')),
      (store) => store.change('r', 'b', (b) => deleted(b, at(1))),
      (store) => store.put('r', make('c')),
    );
    expect(result.map(({ id, deleted: gone }) => `${id}${gone === undefined ? '' : ' deleted'}`)).toEqual(['a', 'b deleted', 'c']);
  });
});
