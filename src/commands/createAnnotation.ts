import type { Command } from './command';
import { commentArgument, isReply, isThread, replyArgument } from './commentArguments';

/** Keeps what was written in a draft, or in an empty thread, as an annotation. */
export const createAnnotation: Command = {
  title: 'Annotate',
  needsTrust: true,
  inViews: false,
  run: async ({ threads }, args) => (isReply(args) ? threads.create(args) : threads.keepDraft(commentArgument(args))),
};

/** Drops a draft, or an empty thread. */
export const discardAnnotation: Command = {
  title: 'Discard',
  needsTrust: false,
  inViews: false,
  run: async ({ threads }, args) => threads.discard(isThread(args) ? args : undefined),
};

/** Answers an annotation. */
export const replyToAnnotation: Command = {
  title: 'Reply',
  needsTrust: true,
  inViews: false,
  run: async ({ threads }, args) => threads.reply(replyArgument(args)),
};
