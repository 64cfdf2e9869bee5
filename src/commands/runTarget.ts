import * as vscode from 'vscode';
import * as z from 'zod';
import type { OpenRun } from '../runs/openRun';
import { plainWords } from '../views/plainWords';
import { Refusal, type Services } from './services';

/** What menus, views and callers pass to say which run is meant; other keys belong to whoever reads them. */
const target = z.looseObject({ run: z.string() });

/**
 * The run that a command is about: the one named, else the one selected if it will do, else the only one that
 * will, else the one that the reader picks; undefined when the reader leaves.
 * @throws Refusal when none will do
 */
export async function targetRun(
  { store, selection }: Services,
  input: unknown,
  { title, none, will }: { readonly title: string; readonly none: string; will(run: OpenRun): boolean },
): Promise<OpenRun | undefined> {
  const named = target.safeParse(input);
  if (named.success) {
    const run = store.get(named.data.run);
    if (run === undefined) throw new Refusal(`The run ${named.data.run} is not open here: open its folder with Open Run…`);
    if (!will(run)) throw new Refusal(`${run.name}: ${none}`);
    return run;
  }
  const candidates = store.runs.filter(will);
  const selected = candidates.find((run) => run.id === selection.place?.run);
  const [only] = candidates;
  if (only === undefined) throw new Refusal(none);
  if (candidates.length === 1) return only;
  const items = [...new Set([...(selected === undefined ? [] : [selected]), ...candidates])].map((run) => ({
    label: plainWords(run.name),
    description: `${run.iteration} of ${run.planned} iterations`,
    detail: plainWords(run.folder.path),
    run,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Which run?', matchOnDetail: true }))?.run;
}
