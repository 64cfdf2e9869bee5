import type { Command } from './command';
import { targetRun } from './runTarget';

/** Takes a run out of the tree; its folder stays as it is. */
export const closeRun: Command = {
  title: 'Close Run',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const run = await targetRun(services, args, {
      title: 'Close Run',
      none: 'it is being trained by this window: stop it first',
      will: ({ active }) => active === null,
    });
    if (run === undefined) return;
    services.store.close(run);
    await services.library.forget(run);
  },
};
