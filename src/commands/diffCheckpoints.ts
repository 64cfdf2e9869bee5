import * as vscode from 'vscode';
import * as z from 'zod';
import { type Checkpoint, checkpointsOf, nameOf } from '../runs/policyCards';
import { cardUris, showCardDiff } from '../views/cards/showCardDiff';
import { askForCheckpoint } from './checkpointPick';
import type { Command } from './command';
import { Refusal, type Services } from './services';

/** A checkpoint as menus and callers name it: a place, or the base model that the run began with; the newest unless said. */
const side = z.looseObject({ run: z.string(), iteration: z.union([z.int().nonnegative(), z.literal('base')]).optional() });
const pair = z.looseObject({ original: side, modified: side });

/** Two checkpoints, or a checkpoint and a base model, as policy cards and probe negotiations in diff editors. */
export const diffCheckpoints: Command = {
  title: 'Diff Checkpoints…',
  // What is kept is shown in any workspace; computing asks for trust itself.
  needsTrust: false,
  inViews: false,
  run: async (services, args) => {
    const given = pair.safeParse(args);
    if (given.success) return diff(services, checkpointAt(services, given.data.original), checkpointAt(services, given.data.modified));
    const original = await askForCheckpoint(services, null);
    const modified = original && (await askForCheckpoint(services, original));
    return original && modified && diff(services, original, modified);
  },
};

/** Remembers a checkpoint, to be compared with the next that is chosen. */
export const selectForCompare: Command = {
  title: 'Select for Compare',
  needsTrust: false,
  inViews: false,
  run: async (services, args) => {
    const chosen = checkpointAt(services, args);
    services.compared.choose(chosen);
    return nameOf(chosen);
  },
};

/** Compares the checkpoint that was selected with this one. */
export const compareWithSelected: Command = {
  title: 'Compare with Selected',
  needsTrust: false,
  inViews: false,
  run: async (services, args) => {
    const { chosen } = services.compared;
    if (chosen === null) throw new Refusal('No checkpoint is selected: choose Select for Compare on one first');
    return diff(services, chosen, checkpointAt(services, args));
  },
};

/** The checkpoint that is meant; of a run alone, its newest. @throws Refusal where there is none */
function checkpointAt({ store }: Services, args: unknown): Checkpoint {
  const named = side.safeParse(args);
  if (!named.success) throw new Refusal('Name a checkpoint by its run and iteration');
  const run = store.get(named.data.run);
  if (run === undefined) throw new Refusal(`The run ${named.data.run} is not open here: open its folder with Open Run…`);
  const { iteration } = named.data;
  if (iteration === 'base') return { run, iteration: null };
  const kept = checkpointsOf(run);
  const chosen = iteration ?? kept.at(-1);
  if (chosen === undefined) throw new Refusal(`${run.name} has no checkpoint yet`);
  if (!kept.includes(chosen))
    throw new Refusal(`${run.name} has no checkpoint of iteration ${chosen}: there are ${kept.join(', ') || 'none'}`);
  return { run, iteration: chosen };
}

/** Makes both cards, which can be called off, and opens the editors; resolves with the two cards' URIs. */
async function diff({ cards }: Services, original: Checkpoint, modified: Checkpoint): Promise<readonly string[] | undefined> {
  if (original.run === modified.run && original.iteration === modified.iteration) {
    throw new Refusal(`${nameOf(original)} is compared with itself: choose another checkpoint`);
  }
  const [one, another] = [original, modified].map(({ run }) => run.file?.config.game);
  if (one !== another)
    throw new Refusal(`${original.run.name} plays ${one} and ${modified.run.name} plays ${another}: cards are compared within one game`);
  const stop = new AbortController();
  const negotiations = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Policy cards', cancellable: true },
    async (progress, token) => {
      token.onCancellationRequested(() => stop.abort(new Error('called off')));
      let shown = 0;
      const follow = (part: number) => (done: number, of: number, message: string) => {
        const now = (100 * (part + done / of)) / 2;
        progress.report({ message, increment: now - shown });
        shown = now;
      };
      try {
        const left = await cards.card(original, { signal: stop.signal, onProgress: follow(0) });
        await cards.card(modified, { signal: stop.signal, onProgress: follow(1) });
        await cards.comparison(original, modified, { signal: stop.signal });
        return left.negotiations.map(({ name }) => name);
      } catch (error) {
        if (stop.signal.aborted) return undefined;
        throw error;
      }
    },
  );
  if (negotiations === undefined) return undefined;
  await showCardDiff({ original, modified, negotiations });
  return cardUris({ original, modified }).map(String);
}
