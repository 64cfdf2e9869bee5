import type { Command } from './command';
import { targetRun } from './runTarget';

/** Moves the selection with the newest committed iteration until the reader chooses something. */
export const followLive: Command = {
  title: 'Follow Live',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const run = await targetRun(services, args, {
      title: 'Follow Live',
      none: 'it is not training',
      will: ({ status }) => status === 'live',
    });
    if (run !== undefined) services.selection.follow(true, run.id);
  },
};
