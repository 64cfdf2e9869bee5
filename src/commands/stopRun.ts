import { hostname } from 'node:os';
import type { Command } from './command';
import { targetRun } from './runTarget';

/** Stops a run after the chunk under way; Resume Run goes on with it. */
export const stopRun: Command = {
  title: 'Stop Run',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const run = await targetRun(services, args, { title: 'Stop Run', none: 'it is not training', will: ({ status }) => status === 'live' });
    if (run === undefined) return;
    await services.trainers.stop(run, hostname());
  },
};
