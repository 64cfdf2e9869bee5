import type { Command } from './command';
import { startRuns } from './startRun';

/** Trains a policy by Advantage Alignment. */
export const startAaRun: Command = {
  title: 'Start AA Run',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => (await startRuns(services, 'Start AA Run', ['aa'], args)).map(({ id }) => id),
};
