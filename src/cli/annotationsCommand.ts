import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type Annotation,
  AnnotationStore,
  annotationsBeside,
  exportCsv,
  exportJson,
  exportParquet,
  filterAnnotations,
  parseAnnotationFilter,
} from '../annotations';
import { RUN_PATHS, runFile } from '../protocol/runFiles';
import { writeDurably } from '../runs/durableFile';
import { firstIssue, isMissing, messageOf } from '../runs/problem';
import { type Arguments, didYouMean, UsageError } from './arguments';
import type { Command } from './command';
import type { Terminal } from './terminal';

const FORMATS = ['csv', 'json', 'parquet'] as const;
type Format = (typeof FORMATS)[number];

/** `parley annotations export`: annotations for other programs. */
export const annotationsCommand: Command = {
  name: 'annotations',
  summary: 'export annotations as CSV, JSON or Parquet',
  about: `
Writes the annotations of a place, ordered by run and id: a workspace folder, its .parley/annotations, one file of it, or a run folder.
Deleted ones are left out, lines that are no annotations are named on stderr and skipped. ACTION is export.`,
  positionals: ['ACTION', 'PLACE'],
  options: [
    { name: 'format', value: 'FORMAT', about: 'csv (default), json or parquet; the ending of --out says it too' },
    { name: 'out', value: 'FILE', about: 'write to a file instead of stdout; Parquet needs one' },
    { name: 'filter', value: 'TEXT', about: 'only those that fit: words, #tag, by:author, is:open, is:resolved' },
    { name: 'json', about: 'the same as --format json' },
  ],
  examples: [
    ['parley annotations export . --out annotations.parquet', 'all annotations of this workspace'],
    ["parley annotations export .parley/runs/aa-0 --filter '#deceptive is:open' --json", 'some of one run'],
  ],
  run: async (args, terminal) => {
    const [action = '', place = ''] = args.positionals;
    if (action !== 'export') throw new UsageError(`there is no action "${action}"${didYouMean(action, ['export'])}`);
    const out = args.text('out');
    const format = formatOf(args, out);
    const filter = filterOf(args);
    const { store, runs } = await storeOf(resolve(place));
    const annotations: Annotation[] = [];
    for (const run of runs ?? (await store.runs())) {
      const { annotations: found, broken } = await store.read(run);
      for (const { line, problem } of broken) terminal.err(`parley annotations: ${store.pathOf(run)}:${line} ${problem}\n`);
      annotations.push(...filterAnnotations(found, filter));
    }
    await write(annotations, format, out, terminal);
    return 0;
  },
};

function formatOf(args: Arguments, out: string | undefined): Format {
  const ending = FORMATS.find((format) => out?.endsWith(`.${format}`) === true);
  const format = args.choice('format', FORMATS) ?? (args.has('json') ? 'json' : (ending ?? 'csv'));
  if (format === 'parquet' && out === undefined) throw new UsageError('--format parquet needs a file: --out annotations.parquet');
  return format;
}

function filterOf(args: Arguments) {
  try {
    const filter = parseAnnotationFilter(args.text('filter') ?? '');
    if (filter.orphaned !== undefined) throw new RangeError('is:orphaned is known in the editor only, where transcripts are read');
    return filter;
  } catch (error) {
    throw new UsageError(`--filter: ${messageOf(error)}`);
  }
}

/** The store that a place means, and of which runs; all where that is open. @throws Error naming what a place may be */
async function storeOf(place: string): Promise<{ readonly store: AnnotationStore; readonly runs?: readonly string[] }> {
  const known = await stat(place).catch((error: unknown) => {
    throw isMissing(error) ? new Error(`${place} does not exist`) : error;
  });
  if (known.isFile()) {
    const store = new AnnotationStore(dirname(place));
    const run = (await store.runs()).find((each) => store.pathOf(each) === place);
    if (run === undefined) throw new Error(`${place} is no file of annotations: those end in .jsonl`);
    return { store, runs: [run] };
  }
  const text = await readFile(join(place, RUN_PATHS.run), 'utf8').catch(() => undefined);
  const beside = annotationsBeside(place);
  if (text !== undefined) {
    if (beside === undefined) throw new Error(`${place} lies in no .parley/runs: name the .parley/annotations that has its file`);
    return { store: new AnnotationStore(beside), runs: [runId(text, place)] };
  }
  const inside = join(place, '.parley/annotations');
  const hasInside = await stat(inside).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!hasInside && basename(place) !== 'annotations') {
    throw new Error(`${place} has no annotations: name a workspace folder, its .parley/annotations, a file of it, or a run folder`);
  }
  return { store: new AnnotationStore(hasInside ? inside : place) };
}

function runId(text: string, place: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${join(place, RUN_PATHS.run)} is not whole JSON (${messageOf(error)})`);
  }
  const parsed = runFile.pick({ id: true }).strip().safeParse(json);
  if (!parsed.success) throw new Error(`${join(place, RUN_PATHS.run)}: ${firstIssue(parsed.error)}`);
  return parsed.data.id;
}

async function write(annotations: readonly Annotation[], format: Format, out: string | undefined, terminal: Terminal): Promise<void> {
  const data = format === 'csv' ? exportCsv(annotations) : format === 'json' ? exportJson(annotations) : exportParquet(annotations);
  if (out === undefined) {
    terminal.out(String(data));
    return;
  }
  await writeDurably(resolve(out), data);
  terminal.err(`${annotations.length} annotation${annotations.length === 1 ? '' : 's'} in ${out}\n`);
}
