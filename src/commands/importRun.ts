import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import * as z from 'zod';
import { type CreditSettingsFile, creditSettingsText, type ImportedFrom, type Inspected, parseCreditSettings } from '../protocol/imports';
import { RUN_PATHS } from '../protocol/runFiles';
import { sha256 } from '../runs/durableFile';
import { creditCheckOf, creditCheckText, readImportLines } from '../runs/importLines';
import type { OpenRun } from '../runs/openRun';
import { messageOf } from '../runs/problem';
import { plainWords } from '../views/plainWords';
import { Refusal, type Services } from './services';

/** How long to wait for the first iteration to be whole, in milliseconds. */
const AGAIN_AFTER = 1_000;

const TITLE = 'Open Run: AdAlignLLM';

/** What a caller may say in advance: settings as `parseCreditSettings` reads them; empty for those that are proposed. */
const given = z.looseObject({ settings: z.string().optional() });

/**
 * Opens a run folder of AdAlignLLM: its runs, one a seed, are imported into the extension's storage, and shown from there while
 * they come. What was imported before is opened as it is. Empty where the reader leaves.
 * @throws Refusal
 */
export async function openAdalign(services: Services, folder: string, args: unknown): Promise<OpenRun[]> {
  const source = await realpath(folder);
  const root = join(services.context.globalStorageUri.fsPath, 'imported', sha256(source).slice(0, 16));
  if (!vscode.workspace.isTrusted) {
    throw new Refusal(
      `${folder} is a run of AdAlignLLM: importing it starts a process, which needs a trusted workspace. Manage Workspace Trust`,
    );
  }
  const inspected = await inspect(services, source);
  const outOf = (seed: number | null): string => join(root, seed === null ? 'run' : `seed_${seed}`);
  const isKnown = inspected.seeds.every((seed) => existsSync(join(outOf(seed), RUN_PATHS.run)));
  const settings = isKnown ? inspected.settings : await confirm(inspected, given.safeParse(args).data?.settings);
  if (settings === undefined) return [];
  const runs: OpenRun[] = [];
  for (const seed of inspected.seeds) {
    const out = outOf(seed);
    const from: ImportedFrom = { format: 'adalign', folder: source, seed };
    // What is open already, or was imported, is kept up to date by following it.
    const run = existsSync(join(out, RUN_PATHS.run)) ? await open(services, out) : await importFirst(services, from, settings, out);
    if (run === undefined) return runs;
    runs.push(run);
  }
  return runs;
}

async function inspect({ inference }: Services, folder: string): Promise<Inspected> {
  try {
    return await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: 'Looking at the folder …' }, () =>
      inference.perform('inspectAdalign', { folder }),
    );
  } catch (error) {
    throw new Refusal(`Open Run: ${messageOf(error)}`);
  }
}

async function open({ store, library }: Services, out: string): Promise<OpenRun> {
  const run = await store.open(out);
  await library.remember(run);
  return run;
}

/** Shows a run from its first iteration on, and the rest as it comes. Undefined where the reader calls it off. */
async function importFirst(
  services: Services,
  from: ImportedFrom,
  settings: CreditSettingsFile,
  out: string,
): Promise<OpenRun | undefined> {
  const { inference, store, library, log } = services;
  const stop = new AbortController();
  let run: OpenRun | undefined;
  const title = `Importing ${plainWords(from.seed === null ? from.folder : join(from.folder, `seed_${from.seed}`))}`;
  try {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, cancelled) => {
        cancelled.onCancellationRequested(() => stop.abort(new Error('cancelled')));
        let last = 0;
        const onProgress = (done: number, of: number, message: string): void => {
          progress.report({ message, increment: (100 * done) / of - last });
          last = (100 * done) / of;
          void (run === undefined ? open(services, out) : store.look(run)).then((opened) => {
            run ??= opened ?? undefined;
          });
        };
        for (;;) {
          const { isPending } = await inference.perform('importAdalign', { from, settings, out }, { signal: stop.signal, onProgress });
          if (!isPending || existsSync(join(out, RUN_PATHS.run))) return;
          progress.report({ message: 'its first iteration is being written' });
          await wait(AGAIN_AFTER, undefined, { signal: stop.signal });
        }
      },
    );
  } catch (error) {
    if (!stop.signal.aborted) throw new Refusal(`Open Run: ${messageOf(error)}`);
    // Left open, it would go on by itself.
    if (run !== undefined) {
      store.close(run);
      await library.forget(run);
    }
    return undefined;
  }
  if (!existsSync(join(out, RUN_PATHS.run))) {
    throw new Refusal(`${title}: no negotiation could be read yet; parley import adalign ${from.folder} says why, file by file`);
  }
  const opened = await open(services, out);
  await store.look(opened);
  const check = creditCheckOf((await readImportLines(out)).values());
  log.info(`${opened.name}: ${check === null ? 'no logged credits to check the recomputed ones against' : creditCheckText(check)}`);
  return opened;
}

/** One question: the proposed settings, the same with another algorithm, or others. */
async function confirm({ settings, found, game }: Inspected, said: string | undefined): Promise<CreditSettingsFile | undefined> {
  if (said !== undefined) {
    try {
      return parseCreditSettings(said, settings);
    } catch (error) {
      throw new Refusal(`Open Run: settings: ${messageOf(error)}`);
    }
  }
  const values = ({ gamma, beta, rewardScale }: CreditSettingsFile): string => `γ ${gamma}, β ${beta}, reward scale ${rewardScale}`;
  const origin =
    found.length === 0
      ? `the paper’s for ${game ?? 'such a run'}`
      : `${found.join(', ')} from the run’s configuration; the rest is the paper’s`;
  const others = (['rl', 'aa', 'aa-jit', 'sum'] as const).filter((algorithm) => algorithm !== settings.algorithm);
  const items = [settings, ...others.map((algorithm) => ({ ...settings, algorithm }))].map((each, i) => ({
    label: each.algorithm,
    description: values(each),
    ...(i === 0 ? { detail: origin } : {}),
    settings: each,
  }));
  const other = { label: 'Other values…', settings: null };
  const placeHolder = 'Trained with what? Advantages are recomputed from the rewards.';
  const picked = await vscode.window.showQuickPick([...items, other], { title: TITLE, placeHolder });
  if (picked === undefined) return undefined;
  if (picked.settings !== null) return picked.settings;
  const validateInput = (text: string): string | undefined => {
    try {
      parseCreditSettings(text, settings);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  };
  const text = await vscode.window.showInputBox({ title: TITLE, value: creditSettingsText(settings), validateInput });
  return text === undefined ? undefined : parseCreditSettings(text, settings);
}
