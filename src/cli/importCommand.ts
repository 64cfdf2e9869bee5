import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isAdAlignFolder, summarise, summaryText } from '../interop/adalign';
import { type CreditSettingsFile, creditSettingsText, parseCreditSettings } from '../protocol/imports';
import { creditCheckOf, creditCheckText, readImportLines } from '../runs/importLines';
import { messageOf } from '../runs/problem';
import { parleyVersion } from '../trainer/environment';
import { importRun } from '../trainer/imports/importRun';
import { inspectAdalignWork } from '../trainer/inference/importWork';
import { type Arguments, UsageError } from './arguments';
import type { Command } from './command';
import { LiveLines, type Terminal } from './terminal';

/** `parley import`: what a run folder of other software holds. */
export const importCommand: Command = {
  name: 'import',
  summary: 'read a run that other software wrote: say what it holds, or make a run folder of it',
  about: `
Reads a run folder of AdAlignLLM, the code of arXiv 2511.19405: seed_*/iteration_*/mgid_*.rt.pkl. Pickles are read as data only,
from an allowlist of globals; a file that holds anything else is skipped, with the reason. DIR is the folder that holds seed_0, or
a part of it; FORMAT is adalign. Nothing is written without --out. With it, a run folder is made that opens like any other: own
advantages, alignment terms and credits are recomputed under --settings and checked against logged credits. The same line again
adds what DIR has gained since. Of several seeds, each gets a folder of its own in --out.`,
  positionals: ['FORMAT', 'DIR'],
  options: [
    {
      name: 'json',
      about: '{"negotiations", "assistantTurns", "producedTokens", "totalReward", "logProbSum", "skipped": [{"file", "reason"}]}',
    },
    { name: 'out', value: 'RUN', about: 'the run folder that is made, or added to' },
    {
      name: 'settings',
      value: 'SETTINGS',
      about:
        'how credits are recomputed, such as "algorithm=aa gamma=0.9 beta=1 rewardScale=100"\n(default: those of .hydra/config.yaml, else the paper’s)',
    },
  ],
  examples: [
    ['parley import adalign outputs/ipd --json', 'its totals'],
    ['parley import adalign outputs/ipd --out runs/ipd --settings beta=0.5', 'a run folder of it'],
  ],
  run: async (args, terminal) => {
    const [format = '', folder = ''] = args.positionals;
    if (format !== 'adalign') throw new UsageError(`there is no format "${format}"; there is adalign`);
    const path = resolve(folder);
    if (!(await isAdAlignFolder(path)))
      throw new Error(`${path} is no run of AdAlignLLM: there is no seed_*/iteration_*/mgid_*.rt.pkl in it`);
    const out = args.text('out');
    if (out !== undefined) return importInto(path, resolve(out), args, terminal);
    if (args.has('settings')) throw new UsageError('--settings says how credits are recomputed: give --out, too');
    const summary = await summarise(path);
    terminal.out(args.has('json') ? `${JSON.stringify(summary)}\n` : `${summaryText(summary)}\n`);
    return 0;
  },
};

async function importInto(path: string, out: string, args: Arguments, terminal: Terminal): Promise<number> {
  const folder = await realpath(path);
  const { seeds, settings: proposed } = await inspectAdalignWork({ folder });
  const settings = readSettings(args.text('settings') ?? '', proposed);
  const live = new LiveLines(terminal);
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(new Error('stopped; what was imported is whole, and the same line goes on from there'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const runs: { folder: string; added: number; isPending: boolean }[] = [];
  try {
    for (const seed of seeds) {
      const target = seeds.length === 1 ? out : join(out, seed === null ? 'run' : `seed_${seed}`);
      const made = await importRun({
        from: { format: 'adalign', folder, seed },
        ...{ settings, out: target, signal: stopping.signal },
        parley: parleyVersion(terminal.media),
        onIteration: (done, of, iteration) => live.show([`${target}  iteration ${iteration}  ${done}/${of}`]),
      });
      live.show([]);
      runs.push({ folder: target, ...made });
      if (!args.has('json')) terminal.out(`${await toldOf(target, made)}\n`);
    }
    if (args.has('json')) terminal.out(`${JSON.stringify({ runs, settings })}\n`);
    else terminal.out(`settings: ${creditSettingsText(settings)}\n`);
    return 0;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** @throws UsageError */
function readSettings(text: string, proposed: CreditSettingsFile): CreditSettingsFile {
  try {
    return parseCreditSettings(text, proposed);
  } catch (error) {
    throw new UsageError(`--settings: ${messageOf(error)}`);
  }
}

async function toldOf(folder: string, { added, isPending }: { readonly added: number; readonly isPending: boolean }): Promise<string> {
  const lines = [...(await readImportLines(folder)).values()];
  const check = creditCheckOf(lines);
  const skipped = lines.flatMap((line) => line.skipped);
  return [
    `${folder}: ${added} ${added === 1 ? 'iteration' : 'iterations'} imported`,
    ...(isPending ? ['the newest iteration is still being written: the same line imports it later'] : []),
    check === null ? 'no logged credits to check the recomputed ones against' : creditCheckText(check),
    ...skipped.map(({ file, reason }) => `  skipped: ${file} ${reason}`),
  ].join('\n');
}
