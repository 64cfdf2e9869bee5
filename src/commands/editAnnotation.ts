import * as vscode from 'vscode';
import type { Command } from './command';
import { commentArgument } from './commentArguments';

/** Rewrites one's own comment in place. */
export const editAnnotation: Command = {
  title: 'Edit',
  needsTrust: true,
  inViews: false,
  run: async ({ threads }, args) => threads.edit(commentArgument(args)),
};

/** Keeps a comment as it was rewritten. */
export const saveAnnotation: Command = {
  title: 'Save',
  needsTrust: true,
  inViews: false,
  run: async ({ threads }, args) => threads.save(commentArgument(args)),
};

/** Leaves a comment as it was. */
export const cancelAnnotation: Command = {
  title: 'Cancel',
  needsTrust: false,
  inViews: false,
  run: async ({ threads }, args) => threads.cancel(commentArgument(args)),
};

/** Deletes one's own comment after a question; deleting an annotation takes its answers along. */
export const deleteAnnotation: Command = {
  title: 'Delete',
  needsTrust: true,
  inViews: false,
  run: async ({ threads }, args) => {
    const comment = commentArgument(args);
    const answer = await vscode.window.showWarningMessage('Delete this comment?', { modal: true }, 'Delete');
    if (answer !== undefined) await threads.delete(comment);
    return answer !== undefined;
  },
};
