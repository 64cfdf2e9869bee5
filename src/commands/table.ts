import { addToGitignore } from './addToGitignore';
import { closeRun } from './closeRun';
import type { Command } from './command';
import { copyLink } from './copyLink';
import { deleteRun } from './deleteRun';
import { followLive } from './followLive';
import type { CommandName } from './names';
import { openInspector } from './openInspector';
import { openRun } from './openRun';
import { resumeRun } from './resumeRun';
import { revealRunFolder } from './revealRunFolder';
import { showLog } from './showLog';
import { showRunMenu } from './showRunMenu';
import { startAaRun } from './startAaRun';
import { startPairedRun } from './startPairedRun';
import { startRlRun } from './startRlRun';
import { stopRun } from './stopRun';

/** Every command; a name without its command does not compile. */
export const commandTable: { readonly [K in CommandName]: Command } = {
  startAaRun,
  startRlRun,
  startPairedRun,
  stopRun,
  resumeRun,
  openRun,
  closeRun,
  revealRunFolder,
  deleteRun,
  copyLink,
  showLog,
  followLive,
  openInspector,
  showRunMenu,
  addToGitignore,
};
