import { hostname } from 'node:os';
import type { Command } from './command';
import { targetSet } from './runSet';

/** Stops all runs of a set after the chunks under way, and lets none begin; Resume Run Set goes on with them. */
export const stopRunSet: Command = {
  title: 'Stop Run Set',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const set = await targetSet(services, args, {
      title: 'Stop Run Set',
      none: 'none of its runs is training or waiting',
      will: ({ status }) => status === 'live',
    });
    if (set === undefined) return undefined;
    const { queue, trainers, library } = services;
    // First the queue: what it stops must make room for none of the others.
    const queued = queue.stop(set.id);
    const others = set.members.flatMap(({ run }) => (run !== null && run.status === 'live' && !queue.has(run.folder.path) ? [run] : []));
    await Promise.all([queued, ...others.map((run) => trainers.stop(run, hostname()))]);
    await library.setEnded(set.id);
    return set.id;
  },
};
