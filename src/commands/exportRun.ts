import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { exportNotes } from '../annotations';
import { lineText } from '../domain/tokens/visibleText';
import { EXPORT_FORMATS, type Exported, type ExportFormat, type ExportSettings } from '../protocol/exports';
import type { OpenRun } from '../runs/openRun';
import { checkpointsOf } from '../runs/policyCards';
import { firstIssue, messageOf } from '../runs/problem';
import { showInformation } from '../views/notices';
import { plainWords } from '../views/plainWords';
import type { Command } from './command';
import { sizeText } from './deleteRun';
import { targetRun } from './runTarget';
import { Refusal, type Services } from './services';

const TITLE = 'Export';

/** What a caller may say in advance; with format and place named, nothing is asked. */
const given = z.looseObject({
  format: z.enum(EXPORT_FORMATS).optional(),
  /** The run that is meant; else a run set, all of it. */
  run: z.string().optional(),
  set: z.string().optional(),
  /** Ids of runs that are exported with the one that is meant. */
  with: z.array(z.string()).optional(),
  out: z.string().min(1).optional(),
  iterations: z.array(z.int().nonnegative()).optional(),
  overwrite: z.boolean().optional(),
});

/** What a format makes of runs. */
interface Offer {
  readonly label: string;
  readonly detail: string;
  /** Other runs may go into the same export. */
  readonly several: boolean;
  /** Ending of the file; a folder has none. */
  readonly ending?: string;
  /** Whether a run can be exported so. */
  will(run: OpenRun): boolean;
}

const hasNegotiations = (run: OpenRun): boolean => run.newest(0) !== null;
const mergeable = (run: OpenRun): boolean => run.file?.imported === undefined && checkpointsOf(run).length > 0;

const OFFERS: Readonly<Record<ExportFormat, Offer>> = {
  html: {
    label: 'Report: HTML',
    detail: 'findings, curves, and negotiations with their annotations, for any browser',
    several: true,
    ending: '.html',
    will: hasNegotiations,
  },
  csv: { label: 'Tables: CSV', detail: 'measures.csv and turns.csv', several: true, will: hasNegotiations },
  parquet: {
    label: 'Tables: Parquet',
    detail: 'measures.parquet and turns.parquet, for DuckDB and pandas',
    several: true,
    will: hasNegotiations,
  },
  inspect: { label: 'Logs of inspect_ai', detail: 'an .eval file a checkpoint', several: false, will: hasNegotiations },
  tensorboard: {
    label: 'TensorBoard event files',
    detail: 'measures over training, a folder a run',
    several: true,
    will: (run) => run.file !== null,
  },
  safetensors: {
    label: 'Model with the adapter merged in',
    detail: 'a folder that transformers and vLLM load',
    several: false,
    will: mergeable,
  },
};

/** Writes a run, and others beside it, for other software; resolves with what was written. */
export const exportRun: Command = {
  title: `${TITLE}…`,
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const said = given.safeParse(args ?? {});
    if (!said.success) throw new Refusal(`${TITLE}: ${firstIssue(said.error)}`);
    const members = said.data.run === undefined && said.data.set !== undefined ? membersOf(services, said.data.set) : [];
    const run = await targetRun(services, members.length > 0 ? { run: members[0]!.id } : args, {
      title: TITLE,
      none: 'there is nothing to export yet: no iteration is committed',
      will: hasNegotiations,
    });
    if (run === undefined) return undefined;
    const format = said.data.format ?? (await askFormat(run));
    if (format === undefined) return undefined;
    const offer = OFFERS[format];
    if (!offer.will(run)) throw new Refusal(`${run.name} cannot be exported so: ${whyNot(format)}`);
    const withRun = said.data.with ?? (said.data.out !== undefined && offer.several ? members.slice(1).map(({ id }) => id) : undefined);
    const runs = await askRuns(services, run, offer, { ...said.data, with: withRun?.length === 0 ? undefined : withRun });
    if (runs === undefined) return undefined;
    const iterations = said.data.iterations ?? (await askIterations(services, run, format, said.data.out !== undefined));
    if (iterations === undefined) return undefined;
    const out = said.data.out ?? (await askPlace(run, format, offer));
    if (out === undefined) return undefined;
    const settings: ExportSettings = {
      ...{ format, runs: runs.map(({ folder }) => folder.path), out, iterations },
      // A dialog for a file has asked already.
      overwrite: said.data.overwrite ?? (said.data.out === undefined && offer.ending !== undefined),
      ...(format === 'html' && (await contentsOf(services, runs))),
    };
    const exported = await write(services, runs, settings, said.data.out === undefined);
    if (exported !== undefined && said.data.out === undefined) void tell(exported, out);
    return exported;
  },
};

/** The runs of a set that have something to export. @throws Refusal when there is none */
function membersOf({ sets }: Services, id: string): OpenRun[] {
  const members = sets.get(id)?.members.flatMap(({ run }) => (run !== null && hasNegotiations(run) ? [run] : [])) ?? [];
  if (members.length === 0) throw new Refusal(`${TITLE}: no open run of this set has committed an iteration`);
  return members;
}

function whyNot(format: ExportFormat): string {
  if (format === 'safetensors') return 'it has no checkpoint here';
  return format === 'tensorboard' ? 'nothing was trained, so there are no curves' : 'no iteration is committed yet';
}

async function askFormat(run: OpenRun): Promise<ExportFormat | undefined> {
  const formats = Object.keys(OFFERS) as ExportFormat[];
  const items = formats.flatMap((format) => {
    const { label, detail, will } = OFFERS[format];
    return will(run) ? [{ label, detail, format }] : [];
  });
  const options = { title: `${TITLE} ${lineText(run.name)}`, placeHolder: 'As what?', matchOnDetail: true };
  return (await vscode.window.showQuickPick(items, options))?.format;
}

/** The run and those that go with it; undefined where the reader leaves. */
async function askRuns(services: Services, run: OpenRun, offer: Offer, said: z.infer<typeof given>): Promise<OpenRun[] | undefined> {
  const others = services.store.runs.filter((each) => each !== run && each.game === run.game && offer.will(each));
  if (said.with !== undefined) {
    const missing = said.with.find((id) => !others.some((each) => each.id === id));
    if (missing !== undefined) throw new Refusal(`${TITLE}: no open run ${missing} can go with ${run.name}`);
    return [run, ...others.filter(({ id }) => said.with?.includes(id))];
  }
  if (!offer.several || others.length === 0 || said.out !== undefined) return [run];
  const belongs = ({ file }: OpenRun): boolean => {
    const own = run.file;
    if (file === null || own === null) return false;
    return file.pairedWith === own.id || own.pairedWith === file.id || (file.set !== undefined && file.set.id === own.set?.id);
  };
  const items = [run, ...others].map((each) => ({
    label: plainWords(each.name),
    description: `${each.iteration} of ${each.planned} iterations`,
    picked: each === run || belongs(each),
    run: each,
  }));
  const options = { title: `${TITLE}: ${offer.label}`, placeHolder: 'Which runs?', canPickMany: true } as const;
  const picked = await vscode.window.showQuickPick(items, options);
  return picked === undefined || picked.length === 0 ? undefined : picked.map((item) => item.run);
}

/** Which iterations, where the format takes some; empty for those that it chooses itself. */
async function askIterations(services: Services, run: OpenRun, format: ExportFormat, silent: boolean): Promise<number[] | undefined> {
  if (silent || (format !== 'safetensors' && format !== 'inspect')) return [];
  const kept = checkpointsOf(run);
  const { place } = services.selection;
  const selected = place?.run === run.id ? place.iteration : undefined;
  const isPlayed = selected !== undefined && run.folder.iteration(selected)?.rollouts !== undefined;
  const item = (iteration: number, description = '') => ({ label: `iteration ${iteration}`, description, iterations: [iteration] });
  const played = kept.filter((iteration) => run.folder.iteration(iteration)?.rollouts !== undefined);
  const items =
    format === 'safetensors'
      ? [...kept].reverse().map((iteration, i) => item(iteration, i === 0 ? 'newest checkpoint' : ''))
      : [
          { label: played.length === 0 ? 'every iteration' : 'every checkpoint', description: '', iterations: [] },
          ...(isPlayed ? [item(selected, 'selected')] : []),
          ...(run.folder.last > 0 && run.folder.last !== selected ? [item(run.folder.last, 'newest')] : []),
        ];
  return (await vscode.window.showQuickPick(items, { title: TITLE, placeHolder: 'Of which iteration?' }))?.iterations;
}

async function askPlace(run: OpenRun, format: ExportFormat, { label, ending }: Offer): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const name = `${run.file?.id ?? run.folder.baseName}${ending ?? `-${format}`}`.replace(/[^\w.-]+/g, '-');
  const uri = await vscode.window.showSaveDialog({
    title: `${TITLE}: ${label}`,
    saveLabel: TITLE,
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.file(join(folder, name)) }),
    ...(ending === undefined ? {} : { filters: { [label]: [ending.slice(1)] } }),
  });
  if (uri !== undefined && uri.scheme !== 'file') throw new Refusal(`${TITLE}: ${uri.toString()} is no place on this machine's disk`);
  return uri?.fsPath;
}

/** What a report shows beside findings and curves: annotations, and the negotiation that is selected. */
async function contentsOf({ annotations, selection }: Services, runs: readonly OpenRun[]): Promise<Partial<ExportSettings>> {
  const read = await Promise.all(runs.map((run) => annotations.read(run)));
  const { place } = selection;
  const isOurs = runs.some(({ id }) => id === place?.run);
  const { iteration, negotiation } = place ?? {};
  return {
    notes: read.flatMap((file) => exportNotes(file.annotations)),
    negotiations: isOurs && iteration !== undefined && negotiation !== undefined && iteration > 0 ? [{ iteration, negotiation }] : [],
  };
}

/** Writes with a notification that can call it off; files in the way are replaced when the reader says so. */
async function write(
  services: Services,
  runs: readonly OpenRun[],
  settings: ExportSettings,
  mayAsk: boolean,
): Promise<Exported | undefined> {
  const stop = new AbortController();
  const title = `Exporting ${runs.length === 1 ? plainWords(runs[0]?.name ?? '') : `${runs.length} runs`}`;
  try {
    return await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, cancelled) => {
        cancelled.onCancellationRequested(() => stop.abort(new Error('called off')));
        let last = 0;
        const onProgress = (done: number, of: number, message: string): void => {
          const percent = (100 * done) / Math.max(1, of);
          progress.report({ message, increment: percent - last });
          last = percent;
        };
        return services.inference.perform('exportRuns', settings, { signal: stop.signal, onProgress });
      },
    );
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    const message = messageOf(error);
    const [, taken] = /^(.+) is there already: /.exec(message) ?? [];
    if (taken === undefined || !mayAsk || settings.overwrite || !existsSync(taken))
      throw new Refusal(`${TITLE}: ${message.replace(', or --overwrite', '')}`);
    const detail = `${taken} is there already.`;
    const answer = await vscode.window.showWarningMessage('Replace what an earlier export wrote?', { modal: true, detail }, 'Replace');
    return answer === undefined ? undefined : write(services, runs, { ...settings, overwrite: true }, false);
  }
}

async function tell({ files, bytes }: Exported, out: string): Promise<void> {
  const [only] = files;
  const what = files.length === 1 && only !== undefined ? only : `${files.length} files in ${out}`;
  const uri = vscode.Uri.file(only ?? out);
  // A browser on this machine cannot open another machine's file.
  const ways = only?.endsWith('.html') === true && vscode.env.remoteName === undefined ? ['Open', 'Reveal'] : ['Reveal'];
  const way = await showInformation(`Exported ${what} (${sizeText(bytes)})`, ...ways);
  if (way === 'Open') await vscode.env.openExternal(uri);
  if (way !== 'Reveal') return;
  const isHere = vscode.workspace.getWorkspaceFolder(uri) !== undefined || vscode.env.remoteName !== undefined;
  await vscode.commands.executeCommand(isHere ? 'revealInExplorer' : 'revealFileInOS', uri);
}
