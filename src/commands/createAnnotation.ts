import type { Command } from './command';
import { replyArgument, threadArgument } from './commentArguments';

/** Keeps what was written in an empty thread as an annotation. */
export const createAnnotation: Command = {
  title: 'Annotate',
  needsTrust: true,
  inViews: false,
  run: async ({ threads }, args) => threads.create(replyArgument(args)),
};

/** Drops an empty thread. */
export const discardAnnotation: Command = {
  title: 'Discard',
  needsTrust: false,
  inViews: false,
  run: async ({ threads }, args) => threads.discard(threadArgument(args)),
};

/** Answers an annotation. */
export const replyToAnnotation: Command = {
  title: 'Reply',
  needsTrust: true,
  inViews: false,
  run: async ({ threads }, args) => threads.reply(replyArgument(args)),
};
