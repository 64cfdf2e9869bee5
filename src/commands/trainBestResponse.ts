import * as vscode from 'vscode';
import * as z from 'zod';
import { games } from '../domain/games/index';
import { opponentName } from '../protocol/opponent';
import type { RunConfig } from '../protocol/runConfig';
import type { OpenRun } from '../runs/openRun';
import { resolveConfig } from '../runs/presets';
import { messageOf } from '../runs/problem';
import { points } from '../runs/rowWords';
import type { Command } from './command';
import { targetRun } from './runTarget';
import { Refusal, type Services } from './services';
import { mediaOf, rootFolder, startConfigs } from './startRun';

const TITLE = 'Train Best Response';

/** What a caller may say in advance; a menu says the run, and the iteration where it was opened on one. */
const given = z.looseObject({
  iteration: z.int().nonnegative().optional(),
  seed: z.int().nonnegative().optional(),
  /** Settings over those of the run that is met. */
  settings: z.record(z.string(), z.unknown()).optional(),
  /** Folder that the run's folder is made in. */
  root: z.string().optional(),
});

type Given = z.infer<typeof given>;

/** Trains a policy by plain RL against a frozen checkpoint, on that run's own game, settings, base policy and seed. */
export const trainBestResponse: Command = {
  title: `${TITLE}…`,
  needsTrust: true,
  inViews: false,
  run: async (services, args) => {
    const run = await targetRun(services, args, {
      title: TITLE,
      none: 'it has no checkpoint that could be met: a run leaves its first when it starts',
      will: (each) => each.file !== null && checkpointsOf(each).length > 0,
    });
    if (run === undefined) return undefined;
    const said = given.safeParse(args).data ?? {};
    const iteration = said.iteration ?? (await askForIteration(run));
    if (iteration === undefined) return undefined;
    const config = bestResponse(services, run, iteration, said);
    const root = said.root ?? (await rootFolder(services));
    return root === undefined ? undefined : (await startConfigs(services, [config], root)).map(({ id }) => id);
  },
};

function checkpointsOf(run: OpenRun): number[] {
  return run.folder.iterations.flatMap(({ iteration, checkpoint }) => (checkpoint === undefined ? [] : [iteration]));
}

/** The newest comes first. */
async function askForIteration(run: OpenRun): Promise<number | undefined> {
  const items = checkpointsOf(run)
    .toReversed()
    .map((iteration) => {
      const reward = run.folder.iteration(iteration)?.measures?.meanReward;
      return {
        label: `iteration ${iteration}`,
        ...(reward ? { description: `${reward.map(points).join(' / ')} points a round` } : {}),
        iteration,
      };
    });
  if (items.length === 1) return items[0]?.iteration;
  const placeHolder = `Against which checkpoint of ${run.name}?`;
  return (await vscode.window.showQuickPick(items, { title: TITLE, placeHolder, matchOnDescription: true }))?.iteration;
}

/** @throws Refusal */
function bestResponse({ context }: Services, run: OpenRun, iteration: number, { seed, settings = {} }: Given): RunConfig {
  const { file } = run;
  if (file === null) throw new Refusal(`${run.name} has no run.json that can be read`);
  const kept = checkpointsOf(run);
  if (!kept.includes(iteration)) {
    throw new Refusal(`${run.name} has no checkpoint of iteration ${iteration}: there are ${kept.join(', ')}`);
  }
  const { game, algorithm: _, seed: own, gameSettings, ...rest } = file.config;
  const read: readonly string[] = ['rounds', 'prompts', ...games[game].settingNames];
  const rules = Object.fromEntries(Object.entries(gameSettings).filter(([name]) => read.includes(name)));
  const opponent = `${run.folder.path}@${iteration}`;
  const layers = [
    { source: run.name, settings: { ...rest, gameSettings: rules, opponent, buffer: { ...rest.buffer, enabled: false } } },
    { source: 'settings', settings },
  ];
  try {
    return resolveConfig(mediaOf(context), { game, algorithm: 'rl', seed: seed ?? own, preset: 'best-response', layers });
  } catch (error) {
    throw new Refusal(`${TITLE} against ${opponentName(opponent)}: ${messageOf(error)}`);
  }
}
