import type { Command } from './command';

/** Shows what trainers said. */
export const showLog: Command = {
  title: 'Show Log',
  needsTrust: false,
  inViews: true,
  run: async ({ log }) => log.show(true),
};
