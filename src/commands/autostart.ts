import * as vscode from 'vscode';
import type { Services } from './services';
import { commandTable } from './table';

/** `npm start` shows a paired run at work: in development mode alone, and only when its environment asks for it. */
export async function autostart(services: Services): Promise<void> {
  if (services.context.extensionMode !== vscode.ExtensionMode.Development || process.env.PARLEY_AUTOSTART !== 'paired') return;
  if (services.store.runs.some(({ status }) => status === 'live')) return;
  const iterations = Number(process.env.PARLEY_AUTOSTART_ITERATIONS);
  const args = { game: 'ipd', ...(Number.isSafeInteger(iterations) && iterations > 0 ? { iterations } : {}) };
  await commandTable.startPairedRun.run(services, args);
}
