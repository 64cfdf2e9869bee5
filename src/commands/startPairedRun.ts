import type { Command } from './command';
import { startRuns } from './startRun';

/** Trains two policies from the same seeds, by plain RL and by Advantage Alignment: nothing else differs. */
export const startPairedRun: Command = {
  title: 'Start Paired Run',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => (await startRuns(services, 'Start Paired Run', ['rl', 'aa'], args)).map(({ id }) => id),
};
