import { resolve } from 'node:path';
import { isAdAlignFolder, summarise, summaryText } from '../interop/adalign';
import { UsageError } from './arguments';
import type { Command } from './command';

/** `parley import`: what a run folder of other software holds. */
export const importCommand: Command = {
  name: 'import',
  summary: 'read a run that other software wrote, and say what it holds',
  about: `
Reads a run folder of AdAlignLLM, the code of arXiv 2511.19405: seed_*/iteration_*/mgid_*.rt.pkl. Pickles are read as data only,
from an allowlist of globals; a file that holds anything else is skipped, with the reason. Nothing is written. DIR is the folder
that holds seed_0, or a part of it; FORMAT is adalign.`,
  positionals: ['FORMAT', 'DIR'],
  options: [
    {
      name: 'json',
      about: '{"negotiations", "assistantTurns", "producedTokens", "totalReward", "logProbSum", "skipped": [{"file", "reason"}]}',
    },
  ],
  examples: [['parley import adalign outputs/ipd --json', 'its totals']],
  run: async (args, terminal) => {
    const [format = '', folder = ''] = args.positionals;
    if (format !== 'adalign') throw new UsageError(`there is no format "${format}"; there is adalign`);
    const path = resolve(folder);
    if (!(await isAdAlignFolder(path)))
      throw new Error(`${path} is no run of AdAlignLLM: there is no seed_*/iteration_*/mgid_*.rt.pkl in it`);
    const summary = await summarise(path);
    terminal.out(args.has('json') ? `${JSON.stringify(summary)}\n` : `${summaryText(summary)}\n`);
    return 0;
  },
};
