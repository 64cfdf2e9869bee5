import type { Command } from './command';
import { startRuns } from './startRun';

/** Trains a policy by plain multi-agent RL. */
export const startRlRun: Command = {
  title: 'Start RL Run',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => (await startRuns(services, 'Start RL Run', ['rl'], args)).map(({ id }) => id),
};
