import * as vscode from 'vscode';
import type { OpenRun } from '../runs/openRun';
import { type Checkpoint, checkpointsOf } from '../runs/policyCards';
import { points } from '../runs/rowWords';
import { plainWords } from '../views/plainWords';
import { Refusal, type Services } from './services';

interface Item extends vscode.QuickPickItem {
  readonly checkpoint?: Checkpoint;
}

/**
 * Asks for one side of a comparison. The first offered is what a reader most likely wants: the base model of the selected run, and
 * then its newest checkpoint.
 * @param original the side that is chosen already; only what can be compared with it is offered
 */
export async function askForCheckpoint(services: Services, original: Checkpoint | null): Promise<Checkpoint | undefined> {
  const items = runsInOrder(services, original?.run).flatMap((run) => itemsOf(run, original));
  if (items.length === 0) throw new Refusal('There is no checkpoint to compare: a run leaves its first when it starts');
  const picked = await vscode.window.showQuickPick(items, {
    title: `Diff Checkpoints (${original === null ? 1 : 2}/2)`,
    placeHolder: original === null ? 'Left side: which policy?' : 'Right side: which policy is compared with it?',
    matchOnDescription: true,
  });
  return picked?.checkpoint;
}

/** Runs of the original's game, its own first; else the selected run first. */
function runsInOrder({ store, selection }: Services, first: OpenRun | undefined): OpenRun[] {
  const leading = first ?? store.get(selection.place?.run ?? '');
  const runs = store.runs.filter((run) => run.file !== null && checkpointsOf(run).length > 0);
  const alike = first === undefined ? runs : runs.filter((run) => run.file?.config.game === first.file?.config.game);
  return [...new Set([...(leading !== undefined && alike.includes(leading) ? [leading] : []), ...alike])];
}

/** A run's checkpoints under its name, the base model first or, on the right side, last. */
function itemsOf(run: OpenRun, original: Checkpoint | null): Item[] {
  const checkpoints = checkpointsOf(run).map(
    (iteration): Item => ({ label: `iteration ${iteration}`, ...describe(run, iteration), checkpoint: { run, iteration } }),
  );
  const base: Item = {
    label: 'base model',
    description: `${plainWords(run.name)} · before any training`,
    checkpoint: { run, iteration: null },
  };
  const all = original === null ? [base, ...checkpoints] : [...checkpoints.reverse(), ...(original.iteration === null ? [] : [base])];
  const offered = all.filter(({ checkpoint }) => checkpoint?.run !== original?.run || checkpoint?.iteration !== original?.iteration);
  return offered.length === 0 ? [] : [{ label: plainWords(run.name), kind: vscode.QuickPickItemKind.Separator }, ...offered];
}

function describe(run: OpenRun, iteration: number): { description: string } {
  const reward = run.folder.iteration(iteration)?.measures?.meanReward;
  const told = reward ? `${reward.map(points).join(' / ')} points a round` : 'before training';
  return { description: `${plainWords(run.name)} · ${told}` };
}
