/** Short names of all commands; package.json has each as `parley.<name>`. */
export const COMMAND_NAMES = [
  'startAaRun',
  'startRlRun',
  'startPairedRun',
  'stopRun',
  'resumeRun',
  'openRun',
  'closeRun',
  'revealRunFolder',
  'deleteRun',
  'copyLink',
  'showLog',
  'followLive',
  'openInspector',
  'showRunMenu',
  'addToGitignore',
  'renameRun',
  'evaluateMatchups',
  'openMatchups',
  'setApiKey',
  'forgetApiKey',
  'openTranscript',
  'revealInInspector',
  'explainCredit',
  'toggleTokenColours',
  'annotate',
  'createAnnotation',
  'discardAnnotation',
  'replyToAnnotation',
  'resolveAnnotation',
  'reopenAnnotation',
  'editAnnotation',
  'saveAnnotation',
  'cancelAnnotation',
  'deleteAnnotation',
  'openAnnotation',
  'nextAnnotation',
  'previousAnnotation',
  'filterAnnotations',
  'clearAnnotationFilter',
  'diffCheckpoints',
  'selectForCompare',
  'compareWithSelected',
  'forkHere',
  'openBranch',
  'compareBranch',
  'deleteBranch',
  'whatWouldTheySay',
  'trainBestResponse',
] as const;

/** See `COMMAND_NAMES`. */
export type CommandName = (typeof COMMAND_NAMES)[number];

/** Whether a name from outside is a command's. */
export function isCommandName(name: string): name is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(name);
}
