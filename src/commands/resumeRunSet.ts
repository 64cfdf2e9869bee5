import { isLeft } from '../runs/runSets';
import type { Command } from './command';
import { goOnWith, targetSet } from './runSet';

/** Goes on with the unfinished runs of a set, and begins those that never did, as many at once as the cores allow. */
export const resumeRunSet: Command = {
  title: 'Resume Run Set',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const set = await targetSet(services, args, {
      title: 'Resume Run Set',
      none: 'all its runs are finished, or at work',
      will: ({ members }) => members.some(isLeft),
    });
    if (set === undefined) return undefined;
    await goOnWith(services, set);
    return set.id;
  },
};
