import { availableParallelism } from 'node:os';
import * as vscode from 'vscode';
import * as z from 'zod';
import { type Algorithm, algorithm } from '../protocol/runConfig';
import { firstIssue } from '../runs/problem';
import { planAmong, writeRunSet } from '../runs/runSet';
import type { OpenSet } from '../runs/runSets';
import { parseSeeds, SeedsError, seedsText } from '../runs/seeds';
import { shareSet } from '../runs/setShare';
import { setRowId } from '../runs/treeSets';
import { offerGitignore } from './addToGitignore';
import type { Command } from './command';
import { askToKeepTraining } from './keepTraining';
import { goOnWith } from './runSet';
import { Refusal, type Services } from './services';
import { type Chosen, choose, configOf, rootFolder, startArgs, withDefaults } from './startRun';
import type { Choice } from './steps';
import { trainerSettings } from './trainerSettings';
import { mostAtOnce } from './windowQueue';

const TITLE = 'Start Run Set';

/** What a caller may say in advance, as for a run; what is left out is rl and aa, over seeds 0 to 4. */
const setArgs = startArgs.omit({ seed: true }).extend({
  algorithms: z.array(algorithm).min(1).optional(),
  /** `0-4`, `1,3,5`, or a list. */
  seeds: z.union([z.string(), z.array(z.int().nonnegative()).min(1)]).optional(),
});

type SetArgs = z.infer<typeof setArgs>;

/** Runs over seeds and algorithms that stand for one experiment, trained as many at once as the cores allow. */
export const startRunSet: Command = {
  title: `${TITLE}…`,
  needsTrust: true,
  inViews: true,
  run: async (services, input) => {
    const args = parseArgs(input);
    const wanted = args === undefined ? await ask(services) : await given(args);
    if (wanted === undefined) return undefined;
    const root = args?.root ?? (await rootFolder(services));
    if (root === undefined) return undefined;
    const configs = wanted.seeds.flatMap((seed) =>
      wanted.algorithms.map((rule) => configOf(services, rule, wanted.chosen, { ...args, seed })),
    );
    const { device } = trainerSettings();
    const cores = availableParallelism();
    const policy = configs[0]?.policy ?? '';
    const { threads } = shareSet({ cores, runs: configs.length, device, policy, jobs: mostAtOnce() || undefined });
    const plan = planAmong(root, configs, threads, new Date());
    await writeRunSet(plan);
    services.sets.add(plan);
    const set = services.sets.get(plan.file.id);
    if (set === undefined) return undefined;
    show(services, set);
    await goOnWith(services, set);
    void offerGitignore(services, root);
    return set.id;
  },
};

interface Wanted {
  readonly chosen: Chosen;
  readonly algorithms: readonly Algorithm[];
  readonly seeds: readonly number[];
}

function parseArgs(input: unknown): SetArgs | undefined {
  // Menus pass what was clicked on; that is no way to say how to start a set.
  if (typeof input !== 'object' || input === null || !Object.keys(input).some((key) => key in setArgs.shape)) return undefined;
  const parsed = setArgs.safeParse(input);
  if (!parsed.success) throw new Refusal(`${TITLE}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

async function given({ algorithms = ['rl', 'aa'], seeds = '0-4', ...args }: SetArgs): Promise<Wanted> {
  try {
    return { chosen: withDefaults(args), algorithms: [...new Set(algorithms)], seeds: parseSeeds(String(seeds)) };
  } catch (error) {
    throw error instanceof SeedsError ? new Refusal(`${TITLE}: seeds: ${error.message}`) : error;
  }
}

async function ask(services: Services): Promise<Wanted | undefined> {
  let algorithms: Algorithm[] = [];
  let seeds: number[] = [];
  const chosen = await choose(services, TITLE, 'aa', undefined, [
    {
      title: 'Algorithms',
      placeholder: 'By which algorithms? The seeds are the same for all',
      choices: algorithmChoices,
      answered: (answer) => {
        algorithms = z.array(algorithm).parse(answer.split(','));
      },
    },
    {
      title: 'Seeds',
      placeholder: 'Over how many seeds? Means and intervals are over them',
      choices: seedChoices,
      answered: (answer) => {
        seeds = parseSeeds(answer);
      },
    },
  ]);
  return chosen === undefined ? undefined : { chosen, algorithms, seeds };
}

function algorithmChoices(): Choice[] {
  const offered: readonly (readonly [rules: readonly Algorithm[], about: string])[] = [
    [['rl', 'aa'], 'plain RL beside Advantage Alignment'],
    [['aa'], 'Advantage Alignment alone'],
    [['rl'], 'plain RL alone'],
    [['rl', 'aa', 'sum'], 'and the sum of both players’ rewards'],
    [algorithm.options, 'and Advantage Alignment just in time'],
  ];
  return offered.map(([rules, description]) => ({ label: rules.join(' + '), description, pick: () => rules.join(',') }));
}

function seedChoices(): Choice[] {
  const counts = [5, 3, 10].map((count): Choice => {
    const text = `0-${count - 1}`;
    return { label: `${count} seeds`, description: seedsText(parseSeeds(text)).replace('seeds ', ''), pick: () => text };
  });
  return [...counts, { label: 'Other seeds…', pick: askForSeeds }];
}

async function askForSeeds(): Promise<string | undefined> {
  return vscode.window.showInputBox({ title: `${TITLE}: Seeds`, prompt: 'Such as 0-4 or 1,3,5', value: '0-4', validateInput: complaint });
}

function complaint(text: string): string | undefined {
  try {
    parseSeeds(text);
    return undefined;
  } catch (error) {
    if (error instanceof SeedsError) return error.message;
    throw error;
  }
}

/** Opens the set's row now, and follows the first of its runs once it has begun. */
function show(services: Services, set: OpenSet): void {
  const { tree, treeView, selection, inspector, store, sets, queue } = services;
  tree.toggle(setRowId(set.id), true);
  void treeView.focus();
  const stop = store.onChanged(({ run }) => {
    if (run.active === null || sets.of(run)?.id !== set.id) return;
    unfollow();
    selection.follow(true, run.id);
    tree.reveal({ run: run.id });
    void treeView.focus().then(() => inspector.open());
    askToKeepTraining(services, [run]);
  });
  const stopEnded = queue.onEnded(({ run }) => {
    if (run.set === set.id) unfollow();
  });
  const unfollow = (): void => {
    stop();
    stopEnded();
  };
}
