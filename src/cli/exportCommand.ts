import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnotationStore, annotationsBeside, exportNotes } from '../annotations';
import { EXPORT_FORMATS, type ExportFormat, type ExportNote, type ExportPlace } from '../protocol/exports';
import { RUN_PATHS, runFile } from '../protocol/runFiles';
import { exportRuns } from '../trainer/exports/exportRuns';
import { runFolders } from '../trainer/exports/source';
import { type Arguments, didYouMean, UsageError } from './arguments';
import type { Command } from './command';
import { LiveLines } from './terminal';

/** `parley export`: runs for other software. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'write runs for other software: tables, logs, curves, models, reports',
  about: `
Writes runs in a form that other software reads. FORMAT is one of
  csv, parquet   measures and turns of all RUNs, a table each, in the folder PATH
  inspect        logs of inspect_ai (.eval), one a checkpoint, in the folder PATH; or one log in the file PATH.eval
  tensorboard    TensorBoard's event files of all measures over training, a folder a run in the folder PATH
  safetensors    the policy of one RUN as a model folder PATH that transformers and vLLM load: the adapter merged into the base model;
                 of the newest checkpoint, or of --iteration N
  html           a report that compares RUNs, in the file PATH: findings, curves, and negotiations with their annotations; it opens
                 offline in any browser
RUN is a run folder, or a run set for all of its runs; for tables, logs and reports also a folder of match-ups or of play.
Files appear once all of them are whole: an export that fails or is stopped leaves nothing behind. docs/exporting.md says
what each file holds and how to open it elsewhere.`,
  positionals: ['FORMAT', 'RUN…'],
  options: [
    { name: 'out', value: 'PATH', about: 'the file or folder that is written' },
    { name: 'iteration', value: 'N', repeats: true, about: 'only these iterations; N,N,… or given more than once' },
    { name: 'negotiation', value: 'ITERATION/N', repeats: true, about: 'html: shows this negotiation of each run, beside annotated ones' },
    { name: 'overwrite', about: 'replace files that are there already' },
    { name: 'json', about: '{"files": […], "bytes": N} on stdout' },
  ],
  examples: [
    ['parley export parquet runs/rl-0 runs/aa-0 --out tables', 'tables/measures.parquet and tables/turns.parquet of two runs'],
    ['parley export inspect runs/aa-0 --iteration 100 --out aa-100.eval', 'the negotiations of iteration 100 as a log of inspect_ai'],
    ['parley export safetensors runs/aa-0 --out aa-0-model', 'its final policy, without Parley'],
    ['parley export html runs/rl-0 runs/aa-0 --negotiation 100/0 --out report.html', 'the two compared, with the same deal played by both'],
  ],
  run: async (args, terminal) => {
    const [word = '', ...written] = args.positionals;
    const format = formatOf(word);
    const out = args.text('out');
    if (args.has('negotiation') && format !== 'html') throw new UsageError('--negotiation is for html');
    if (out === undefined || out === '') throw new UsageError('say where to write: --out PATH');
    const runs = await runFolders(written);
    const live = new LiveLines(terminal);
    const stopping = new AbortController();
    const stop = (): void => stopping.abort(new Error('stopped; nothing was written'));
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    try {
      const exported = await exportRuns(
        {
          ...{ format, runs, out, iterations: iterationsOf(args), overwrite: args.has('overwrite') },
          ...(format === 'html' && { negotiations: negotiationsOf(args), notes: await notesOf(runs) }),
        },
        {
          media: terminal.media,
          signal: stopping.signal,
          progress: (done, of, line) => live.show([`${Math.floor((100 * done) / Math.max(1, of))} %  ${line}`]),
        },
      );
      live.show([]);
      terminal.out(args.has('json') ? `${JSON.stringify(exported)}\n` : exported.files.map((file) => `${file}\n`).join(''));
      return 0;
    } finally {
      live.show([]);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    }
  },
};

function formatOf(word: string): ExportFormat {
  const format = EXPORT_FORMATS.find((each) => each === word);
  if (format === undefined) throw new UsageError(`there is no format "${word}"${didYouMean(word, EXPORT_FORMATS)}`);
  return format;
}

function iterationsOf(args: Arguments): number[] {
  return args
    .texts('iteration')
    .flatMap((text) => text.split(','))
    .map((text) => {
      const number = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
      if (!Number.isSafeInteger(number)) throw new UsageError(`--iteration ${text}: give a whole number of 0 or more`);
      return number;
    });
}

function negotiationsOf(args: Arguments): ExportPlace[] {
  return args.texts('negotiation').map((text) => {
    const [, iteration, negotiation] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
    if (iteration === undefined || negotiation === undefined)
      throw new UsageError(`--negotiation ${text}: write ITERATION/N, such as 100/0`);
    return { iteration: Number(iteration), negotiation: Number(negotiation) };
  });
}

/** The annotations that lie beside runs; none for a folder that is no run, which the export itself refuses. */
async function notesOf(runs: readonly string[]): Promise<ExportNote[]> {
  const notes = await Promise.all(
    runs.map(async (run) => {
      const path = await realpath(run).catch(() => run);
      const folder = annotationsBeside(path);
      const text = await readFile(join(path, RUN_PATHS.run), 'utf8').catch(() => null);
      if (folder === undefined || text === null) return [];
      const { data } = runFile.pick({ id: true }).loose().safeParse(JSON.parse(text));
      return data === undefined ? [] : exportNotes((await new AnnotationStore(folder).read(data.id)).annotations);
    }),
  );
  return notes.flat();
}
