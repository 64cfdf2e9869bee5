import * as vscode from 'vscode';
import type { OpenRun } from '../runs/openRun';
import { points } from '../runs/rowWords';
import type { OpenSet, RunSets } from '../runs/runSets';
import type { RunStore } from '../runs/runStore';
import { coalesced } from './coalesced';
import { plainWords } from './plainWords';

/** The status bar item while this window trains: iteration, reward, tokens a second, device; a click leads on. */
export function statusBar(store: RunStore, sets: RunSets): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('parley.training', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Parley: Training';
  item.command = 'parley.showRunMenu';
  const update = coalesced(250, () => {
    const active = store.runs.filter((run) => run.active !== null);
    if (active.length === 0) {
      item.hide();
      return;
    }
    const training = setsOf(active, sets);
    const lines = [...training.map(setLine), ...active.map(statusLine)];
    item.text = statusText(active, training);
    item.tooltip = lines.join('\n');
    item.accessibilityInformation = { label: `Parley is training. ${lines.join('. ')}` };
    item.show();
  });
  const stops = [store.onChanged(() => update.request()), sets.onChanged(() => update.request())];
  return vscode.Disposable.from(item, update, ...stops.map((dispose) => ({ dispose })));
}

/** Run sets that are at work. */
function setsOf(active: readonly OpenRun[], sets: RunSets): OpenSet[] {
  const ids = new Set(active.flatMap((run) => run.file?.set?.id ?? []));
  return [...ids].flatMap((id) => sets.get(id) ?? []);
}

function setLine({ name, finished, members }: OpenSet): string {
  return `${name}: ${finished} of ${members.length} runs finished`;
}

/** One run in full, several as `aa 57/200 2.8 · rl 55/200 1.3`, before them the sets that they are of as `set 3/10`. */
function statusText(active: readonly OpenRun[], sets: readonly OpenSet[]): string {
  const [only] = active;
  if (active.length === 1 && only !== undefined && sets.length === 0) return `$(pulse) ${plainWords(statusLine(only))}`;
  const speed = active.reduce((sum, run) => sum + (run.active?.progress?.tokensPerSecond ?? 0), 0);
  const progress = sets.map(({ finished, members }) => `set ${finished}/${members.length}`);
  return `$(pulse) ${[...progress, ...active.map((run) => plainWords(brief(run)))].join(' · ')}${speed > 0 ? ` · ${tokens(speed)}` : ''}`;
}

function brief(run: OpenRun): string {
  const reward = run.active?.progress?.reward ?? null;
  return `${run.file?.config.algorithm ?? run.name} ${run.iteration}/${run.planned}${reward === null ? '' : ` ${points(reward)}`}`;
}

function statusLine(run: OpenRun): string {
  const progress = run.active?.progress;
  const parts = [`${run.file?.config.algorithm ?? run.name} ${run.iteration}/${run.planned}`];
  if (progress !== undefined && progress !== null) {
    if (progress.reward !== null) parts.push(`reward ${points(progress.reward)}`);
    if (progress.phase !== 'training') parts.push(progress.phase === 'loading' ? 'loading the policy' : 'measuring the final policy');
    if (progress.tokensPerSecond > 0) parts.push(tokens(progress.tokensPerSecond));
    if (progress.device !== '') parts.push(progress.device);
  }
  return parts.join(' · ');
}

function tokens(perSecond: number): string {
  return perSecond >= 1000 ? `${(perSecond / 1000).toFixed(1)}k tokens/s` : `${Math.round(perSecond)} tokens/s`;
}
