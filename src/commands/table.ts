import { addToComparison } from './addToComparison';
import { addToGitignore } from './addToGitignore';
import { annotate } from './annotate';
import { compareBranch, deleteBranch, openBranch } from './branches';
import { closeRun } from './closeRun';
import type { Command } from './command';
import { compareNegotiation } from './compareNegotiation';
import { copyLink } from './copyLink';
import { createAnnotation, discardAnnotation, replyToAnnotation } from './createAnnotation';
import { deleteRun } from './deleteRun';
import { deleteRunSet } from './deleteRunSet';
import { compareWithSelected, diffCheckpoints, selectForCompare } from './diffCheckpoints';
import { cancelAnnotation, deleteAnnotation, editAnnotation, saveAnnotation } from './editAnnotation';
import { evaluateMatchups } from './evaluateMatchups';
import { exportRun } from './exportRun';
import { clearAnnotationFilter, filterAnnotations } from './filterAnnotations';
import { followLive } from './followLive';
import { forkHere } from './forkHere';
import { nextAnnotation, openAnnotation, previousAnnotation } from './goToAnnotation';
import { manageTrust } from './manageTrust';
import type { CommandName } from './names';
import { openInspector } from './openInspector';
import { openMatchups } from './openMatchups';
import { openRun } from './openRun';
import { openTranscript } from './openTranscript';
import { playAgainstPolicy } from './playAgainstPolicy';
import { renameRun } from './renameRun';
import { reopenAnnotation, resolveAnnotation } from './resolveAnnotation';
import { resumeRun } from './resumeRun';
import { resumeRunSet } from './resumeRunSet';
import { explainCredit, revealInInspector } from './revealInInspector';
import { revealRunFolder } from './revealRunFolder';
import { forgetApiKey, setApiKey } from './setApiKey';
import { showLog } from './showLog';
import { showRunMenu } from './showRunMenu';
import { startAaRun } from './startAaRun';
import { startExternalRun } from './startExternalRun';
import { startPairedRun } from './startPairedRun';
import { startRlRun } from './startRlRun';
import { startRunSet } from './startRunSet';
import { startTrainingServer, stopTrainingServer } from './startTrainingServer';
import { stopExternalRun } from './stopExternalRun';
import { stopRun } from './stopRun';
import { stopRunSet } from './stopRunSet';
import { toggleTokenColours } from './toggleTokenColours';
import { trainBestResponse } from './trainBestResponse';
import { whatWouldTheySay } from './whatWouldTheySay';

/** Every command; a name without its command does not compile. */
export const commandTable: { readonly [K in CommandName]: Command } = {
  startAaRun,
  startRlRun,
  startPairedRun,
  stopRun,
  resumeRun,
  startRunSet,
  stopRunSet,
  resumeRunSet,
  deleteRunSet,
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
  renameRun,
  exportRun,
  evaluateMatchups,
  openMatchups,
  playAgainstPolicy,
  setApiKey,
  forgetApiKey,
  openTranscript,
  revealInInspector,
  explainCredit,
  toggleTokenColours,
  annotate,
  createAnnotation,
  discardAnnotation,
  replyToAnnotation,
  resolveAnnotation,
  reopenAnnotation,
  editAnnotation,
  saveAnnotation,
  cancelAnnotation,
  deleteAnnotation,
  openAnnotation,
  nextAnnotation,
  previousAnnotation,
  filterAnnotations,
  clearAnnotationFilter,
  trainBestResponse,
  diffCheckpoints,
  selectForCompare,
  compareWithSelected,
  forkHere,
  compareNegotiation,
  openBranch,
  compareBranch,
  deleteBranch,
  whatWouldTheySay,
  addToComparison,
  manageTrust,
  startExternalRun,
  stopExternalRun,
  startTrainingServer,
  stopTrainingServer,
};
