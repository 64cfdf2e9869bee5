import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleConfig, sampleLine, sampleRows } from '../../test/runs/sampleRun';
import type { TreeRow } from '../protocol/webview';
import { outlineOf } from './outline';
import { Preview } from './preview';
import type { TreeRun } from './treeModel';
import { FlatTree, type idsOf } from './treeRows';

const config = sampleConfig();

function run(count: number, change: Partial<TreeRun> = {}): TreeRun {
  const iterations = Array.from({ length: count }, (_, i) => sampleLine(config, i + 1, { rows: 16, bytes: 1 }));
  return { id: 'run', name: 'sample', status: 'live', detail: 'aa', planned: count, iterations, problems: [], preview: null, ...change };
}

const outline = (_run: TreeRun, { iteration, negotiation }: { iteration: number; negotiation: number }) =>
  outlineOf(
    sampleRows(config, iteration).filter((row) => row.negotiation === negotiation),
    config,
  );

function rows(runs: TreeRun[], ...expanded: string[]): TreeRow[] {
  const tree = new FlatTree(runs, new Set(expanded), outline);
  return tree.window(0, tree.total);
}

const text = (all: readonly TreeRow[]): string =>
  all.map((row) => `${'  '.repeat(row.depth)}${[row.label, row.detail, row.badge].filter(Boolean).join(' | ')}`).join('\n');

describe('FlatTree', () => {
  it('shows runs closed', () => {
    expect(text(rows([run(3)]))).toBe('sample | aa | 2.75');
  });

  it('opens level by level, from run to turn', () => {
    const open = ['run', 'run/2', 'run/2/g1', 'run/2/g1/n3', 'run/2/g1/n3/r1'];
    expect(text(rows([run(3)], ...open))).toMatchInlineSnapshot(`
      "sample | aa | 2.75
        iteration 1 | 2.75
        iteration 2 | 2.75
          group 0 | 2.75
          group 1 | against snapshot:10 | 2.75
            negotiation 2 | 1 did not parse | 3 / 3
            negotiation 3 | Bob: snapshot:10 | 0 / 5
              round 1 | A · B | 0 / 5
              round 2 | A · B | 0 / 5
                Alice | A | +0.88
                Bob | B | +1.88
        iteration 3 | 2.75"
    `);
  });

  it('puts the iterations of a long run into hundreds whose rows stay the same while the run grows', () => {
    const at = (count: number) => rows([run(count, { planned: 200 })], 'run', 'run/101-200');
    expect(text(at(100))).toBe('sample | aa | 2.75\n  iterations 1 – 100 | 2.75');
    expect(text(at(102))).toBe(
      'sample | aa | 2.75\n  iterations 1 – 100 | 2.75\n  iterations 101 – 102 | 2.75\n    iteration 101 | 2.75\n    iteration 102 | 2.75',
    );
    expect(at(103).map(({ id }) => id)).toEqual([...at(102).map(({ id }) => id), 'run/103']);
  });

  it('shows the iteration under way last, and its negotiations as far as they have come', () => {
    const preview = new Preview(4);
    const turn = {
      iteration: 4,
      group: 1,
      negotiation: 2,
      round: 0,
      seat: 0,
      player: 'policy',
      kind: 'action',
      prompt: '',
      text: 'A',
    } as const;
    preview.add([{ ...turn, turn: 0, tokenTexts: ['A'], logProbs: [-1] }]);
    const shown = rows([run(3, { preview })], 'run', 'run/4', 'run/4/g1');
    expect(text(shown.slice(4))).toBe('  iteration 4 | under way · 1 negotiation\n    group 1 | under way\n      negotiation 2 | round 1');
  });

  it('keeps the iteration under way in its hundred, where it will stay', () => {
    const at = (count: number, preview: Preview | null) =>
      rows([run(count, { planned: 200, preview })], 'run', 'run/101-200').map(({ id }) => id);
    expect(at(100, new Preview(101))).toEqual(['run', 'run/1-100', 'run/101-200', 'run/101']);
    expect(at(101, null)).toEqual(at(100, new Preview(101)));
  });

  it('marks runs and iterations with a checkpoint, which can be compared', () => {
    const { iterations, ...rest } = run(3);
    const saved = iterations.map((line) =>
      line.iteration === 2 ? { ...line, checkpoint: { folder: 'checkpoints/000002', files: {} } } : line,
    );
    const marked = (lines: typeof iterations): string[] =>
      rows([{ ...rest, iterations: lines }], 'run', 'run/2')
        .filter(({ checkpoint }) => checkpoint)
        .map(({ id }) => id);
    expect(marked(saved)).toEqual(['run', 'run/2']);
    expect(marked(iterations)).toEqual([]);
  });

  it('shows problems as rows under the run, each with its remedy', () => {
    const shown = rows([run(1, { problems: [{ file: 'journal.jsonl', message: 'is damaged: restore it' }] })], 'run');
    expect(shown[1]).toMatchObject({
      kind: 'notice',
      label: 'journal.jsonl',
      detail: 'is damaged: restore it',
      depth: 1,
      expandable: false,
    });
  });

  it('asks for the rounds of an open negotiation that nobody has read', () => {
    const tree = new FlatTree([run(1)], new Set(['run', 'run/1', 'run/1/g0', 'run/1/g0/n1']), () => undefined);
    expect(tree.wanted.map(({ key }) => key)).toEqual([{ iteration: 1, group: 0, negotiation: 1 }]);
  });

  it('finds the nearest visible row of a place', () => {
    const tree = new FlatTree([run(250, { planned: 300 })], new Set(['run', 'run/101-200']), outline);
    const nearest = (place: Parameters<typeof idsOf>[0]) => tree.window(tree.nearest(place), tree.nearest(place) + 1)[0]?.id;
    expect(nearest({ run: 'run', iteration: 150, group: 0, negotiation: 1 })).toBe('run/150');
    expect(nearest({ run: 'run', iteration: 250 })).toBe('run/201-300');
    expect(tree.nearest({ run: 'gone' })).toBe(-1);
  });

  it('keeps parents, siblings and windows consistent, whatever is open', () => {
    const runs = [run(130, { planned: 300 }), run(5, { id: 'other', planned: 5 })];
    const ids = [
      'run',
      'run/1-100',
      'run/101-200',
      'run/50',
      'run/50/g0',
      'run/50/g0/n0',
      'run/50/g0/n0/r0',
      'other',
      'other/2',
      'other/2/g1',
    ];
    fc.assert(
      fc.property(fc.subarray(ids), fc.nat(400), fc.nat(50), (open, start, length) => {
        const tree = new FlatTree(runs, new Set(open), outline);
        const all = tree.window(0, tree.total);
        expect(tree.window(start, start + length)).toEqual(all.slice(start, start + length));
        expect(new Set(all.map(({ id }) => id)).size).toBe(tree.total);
        for (const [index, row] of all.entries()) {
          expect(tree.indexOf(row.id)).toBe(index);
          expect(row.depth).toBe(row.parent < 0 ? 0 : (all[row.parent]?.depth ?? Number.NaN) + 1);
          const siblings = all.filter((other) => other.parent === row.parent);
          expect(siblings.length).toBe(row.siblings);
          expect(siblings.indexOf(row) + 1).toBe(row.position);
        }
      }),
      { numRuns: 40 },
    );
  });
});
