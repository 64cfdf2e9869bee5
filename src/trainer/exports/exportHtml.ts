import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { bootstrapInterval } from '../../domain/metrics';
import { random } from '../../domain/random';
import { type Pair, SEATS } from '../../domain/seat';
import type { Exported, ExportNote, ExportPlace } from '../../protocol/exports';
import { hasFixedOpponent, opponentName } from '../../protocol/opponent';
import type { IterationLine, RunFile } from '../../protocol/runFiles';
import type { Place } from '../../protocol/webview';
import { type Report, type ReportIntervals, type ReportNegotiation, type ReportRun, renderReport } from '../../report';
import { OpenRun } from '../../runs/openRun';
import { parleyVersion } from '../environment';
import { writeDraft } from './draft';
import type { ExportWork } from './exportRuns';
import { ExportError, type Source } from './source';

/** Negotiations that are shown for their annotations, at most. */
const MOST_NOTED = 40;
/** Iterations at the end of a run that are summed up. */
const LATE = 10;

interface Shown {
  readonly run: OpenRun;
  readonly name: string;
  readonly place: Place & { readonly iteration: number; readonly negotiation: number };
  readonly notes: readonly ExportNote[];
}

/** Writes a report of runs as one HTML file. @throws ExportError, RolloutError */
export async function exportHtml(work: ExportWork): Promise<Exported> {
  const { settings, out, sources, reader, media, signal, progress } = work;
  if (settings.iterations.length > 0) throw new ExportError('a report spans all iterations: choose negotiations, not iterations');
  const runs = await Promise.all(
    sources.map(async ({ run, folder }) => {
      const open = new OpenRun(run.id, folder, reader);
      await open.branches.refresh();
      return open;
    }),
  );
  const shown = chosen(work, runs);
  return writeDraft(out, [out], settings.overwrite, async (draft) => {
    const negotiations: ReportNegotiation[] = [];
    for (const { run, name, place, notes } of shown) {
      signal.throwIfAborted();
      progress(negotiations.length, shown.length + 1, `${name}: negotiation ${place.negotiation} of iteration ${place.iteration}`);
      const view = await run.negotiation(place);
      const where = run.folder.played?.pairs.get(place.iteration) ?? `iteration ${place.iteration}`;
      if (view !== null) negotiations.push({ name, where, view, notes });
    }
    const report: Report = {
      created: new Date().toISOString(),
      parley: parleyVersion(media),
      runs: sources.map((source, index) => reportRun(source, runs[index]!)),
      negotiations,
    };
    const html = renderReport(report, (text) => createHash('sha256').update(text).digest('base64'));
    await writeFile(draft.path(out), html);
  });
}

/**
 * The negotiations that are asked for and those with notes, in the order of runs; without any, the first of each run's last iteration.
 * @throws ExportError naming a negotiation that no run has
 */
function chosen({ sources, settings }: ExportWork, runs: readonly OpenRun[]): Shown[] {
  const { negotiations: asked = [], notes = [] } = settings;
  for (const place of asked) {
    if (!sources.some((source) => holds(source, place))) {
      throw new ExportError(`there is no negotiation ${place.negotiation} in iteration ${place.iteration} of these runs`);
    }
  }
  return sources.flatMap((source, index) => {
    const run = runs[index]!;
    const id = source.run.file?.id ?? source.run.id;
    const own = notes.filter((note) => note.run === id);
    const places = new Map<string, Shown['place']>();
    const add = ({ iteration, negotiation, branch }: { iteration: number; negotiation: number; branch?: number | undefined }): void => {
      if (!holds(source, { iteration, negotiation })) return;
      const place = { run: run.id, iteration, negotiation, ...(branch !== undefined && { branch }) };
      places.set(JSON.stringify(place), place);
    };
    for (const place of asked) if (place.run === undefined || place.run === id) add(place);
    const most = places.size + MOST_NOTED;
    for (const note of own) if (places.size < most) add(note);
    if (notes.length === 0 && asked.length === 0) add({ iteration: source.folder.last, negotiation: 0 });
    return [...places.values()]
      .sort((a, b) => a.iteration - b.iteration || a.negotiation - b.negotiation)
      .map((place) => ({ run, name: source.run.name, place, notes: own.filter((note) => isAt(note, place)) }));
  });
}

function isAt(note: ExportNote, place: Shown['place']): boolean {
  return note.iteration === place.iteration && note.negotiation === place.negotiation && note.branch === place.branch;
}

function holds({ run, folder }: Source, { run: id, iteration, negotiation }: ExportPlace): boolean {
  if (id !== undefined && id !== (run.file?.id ?? run.id)) return false;
  return negotiation < (folder.iteration(iteration)?.negotiations?.group.length ?? 0);
}

function reportRun({ run, folder }: Source, open: OpenRun): ReportRun {
  const view = open.view();
  if (view === null) throw new ExportError(`${run.name} cannot be read: ${folder.problems[0]?.message ?? 'no run.json'}`);
  return {
    view,
    curve: open.curve(0),
    settings: run.file === null ? played(open) : settingsOf(run.file, open),
    late: late(run.game, folder.iterations),
  };
}

function played({ game, created }: OpenRun): [string, string][] {
  return [
    ['game', game],
    ['begun', created.slice(0, 16).replace('T', ' ')],
  ];
}

function settingsOf({ config, model, created }: RunFile, { iteration, planned }: OpenRun): [string, string][] {
  const { adapter } = config;
  return [
    ['game', config.game],
    ['algorithm', config.algorithm],
    ['seed', String(config.seed)],
    ['iterations', iteration === planned ? String(planned) : `${iteration} of ${planned}`],
    ['negotiations', `${config.negotiations}, groups of ${config.groupSize}`],
    ['γ', String(config.gamma)],
    ['β', config.algorithm === 'rl' ? '–' : String(config.beta)],
    ['opponent', hasFixedOpponent(config) ? opponentName(config.opponent) : 'itself'],
    ['base model', config.policy === 'embedded' ? 'embedded' : model.source],
    ['trained', adapter.kind === 'lora' ? `LoRA of rank ${adapter.rank}` : 'all weights'],
    ['learning rate', String(config.learningRate)],
    ['begun', created.slice(0, 16).replace('T', ' ')],
  ];
}

/** Means over the negotiations of the last iterations, by their journal lines, with intervals over seed groups. */
function late(game: string, lines: readonly IterationLine[]): ReportIntervals | null {
  const last = lines.filter(({ negotiations }) => (negotiations?.group.length ?? 0) > 0).slice(-LATE);
  const [first] = last;
  if (first === undefined) return null;
  let seedGroups = 0;
  /** Values of each seed group of each iteration. */
  const grouped = (read: (summary: NonNullable<IterationLine['negotiations']>, n: number) => number | undefined): number[][] => {
    const groups = new Map<string, number[]>();
    for (const { iteration, negotiations } of last) {
      negotiations?.group.forEach((group, n) => {
        const value = read(negotiations, n);
        const key = `${iteration}/${group}`;
        const known = groups.get(key);
        if (value === undefined) return;
        if (known === undefined) groups.set(key, [value]);
        else known.push(value);
      });
    }
    seedGroups = Math.max(seedGroups, groups.size);
    return [...groups.values()];
  };
  /** Of the live policy's seats, where it has any. */
  const ofPolicy = (summary: NonNullable<IterationLine['negotiations']>, pairs: Pair<readonly number[]> | undefined, n: number) => {
    const live = SEATS.filter((seat) => summary.player[seat][n] === 'policy');
    const own = (live.length === 0 ? SEATS : live).flatMap((seat) => pairs?.[seat][n] ?? []);
    return own.length === 0 ? undefined : own.reduce((sum, value) => sum + value, 0) / own.length;
  };
  const values: [string, number[][]][] = [
    ['reward a round', grouped((summary, n) => ofPolicy(summary, summary.reward, n))],
    ['efficiency', grouped(({ efficiency }, n) => efficiency[n])],
  ];
  if (game === 'ipd') values.push(['cooperation rate', grouped((summary, n) => ofPolicy(summary, summary.cooperation, n))]);
  const measures = values.flatMap(([label, groups]) => {
    const interval = bootstrapInterval(groups, random(0, 'report', label));
    return interval === null ? [] : { label, interval };
  });
  return { iterations: [first.iteration, last.at(-1)!.iteration], seedGroups, measures };
}
