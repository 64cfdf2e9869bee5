import type { Command } from './command';
import { Refusal } from './services';

/** Stops the external run of this window, and what it started; what it wrote stays. */
export const stopExternalRun: Command = {
  title: 'Stop External Run',
  needsTrust: false,
  inViews: false,
  run: async ({ external }) => {
    if (!external.isRunning) throw new Refusal('No external run is at work in this window');
    await external.stop();
  },
};
