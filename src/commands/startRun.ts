import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import type { GameId } from '../domain/games/game';
import { games } from '../domain/games/index';
import { type Algorithm, gameId, type RunConfig } from '../protocol/runConfig';
import type { OpenRun } from '../runs/openRun';
import { type Requires, resolveConfig } from '../runs/presets';
import { firstIssue, messageOf } from '../runs/problem';
import { freeRunIds, runName } from '../runs/runIds';
import type { ConfiguredServer } from '../runs/serverSettings';
import { shareCores } from '../runs/trainers';
import { offerGitignore } from './addToGitignore';
import { configuredApis, runReach } from './chatSettings';
import { askToKeepTraining } from './keepTraining';
import { offeredGames, offeredPresets, type PresetOffer } from './offers';
import { playerChoices } from './playerChoices';
import { Refusal, type Services } from './services';
import { askSteps, type Choice, type Step } from './steps';
import { trainerSettings } from './trainerSettings';
import { followTraining } from './trainingProgress';
import { configuredServer, isServerConfigured, policyLayers, SERVER_POLICY, tellServerNotes } from './trainingServers';

/** What a caller may say in advance; with a game or a preset named, nothing is asked and the defaults fill the rest. */
export const startArgs = z.strictObject({
  game: gameId.optional(),
  policy: z.string().min(1).optional(),
  preset: z.string().min(1).optional(),
  seed: z.int().nonnegative().optional(),
  iterations: z.int().positive().optional(),
  /** Settings over the preset's, as in a preset file. */
  settings: z.record(z.string(), z.unknown()).optional(),
  /** Folder that the run's folder is made in. */
  root: z.string().optional(),
});

/** See `startArgs`. */
export type StartArgs = z.infer<typeof startArgs>;

/** What is played, what is trained, and with which settings. */
export interface Chosen {
  readonly game: GameId;
  readonly policy: string;
  readonly preset: string;
  /** Who was chosen for a preset that requires an opponent. */
  readonly opponent?: string;
}

/**
 * Starts one run for each algorithm, on the same configuration and seed but for the algorithm; resolves with
 * them once their models are loaded.
 * @throws Refusal
 */
export async function startRuns(
  services: Services,
  title: string,
  algorithms: readonly Algorithm[],
  input: unknown,
): Promise<readonly OpenRun[]> {
  const args = parseArgs(input);
  const asked = args === undefined || (args.game === undefined && args.preset === undefined);
  const chosen = asked ? await choose(services, title, algorithms[0] ?? 'aa', args?.policy) : withDefaults(args);
  if (chosen === undefined) return [];
  const root = args?.root ?? (await rootFolder(services));
  if (root === undefined) return [];
  return startConfigs(
    services,
    algorithms.map((algorithm) => configOf(services, algorithm, chosen, args)),
    root,
  );
}

/** Starts a run for each configuration, two of them as a pair, in folders of their own under a root. @throws Refusal */
export async function startConfigs(services: Services, configs: readonly RunConfig[], root: string): Promise<readonly OpenRun[]> {
  const ids = freeRunIds(root, configs, new Date());
  const share = shareCores(availableParallelism(), configs.length);
  tellServerNotes(services, configs);
  const reaches = await Promise.all(configs.map((config) => runReach(services.context, config)));

  const starting = configs.map((config, i) => {
    const id = ids[i] ?? '';
    const pairedWith = ids.find((other) => other !== id);
    return services.trainers.train({
      start: 'new',
      folder: join(root, id),
      name: runName(config),
      config,
      ...(pairedWith === undefined ? {} : { pairedWith }),
      ...share,
      ...trainerSettings(),
      ...reaches[i],
    });
  });
  // One that fails to start does not take the other with it.
  const settled = await Promise.allSettled(starting);
  const runs = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = settled.find((result) => result.status === 'rejected');
  for (const run of runs) await begin(services, run);
  if (failed !== undefined) throw new Refusal(messageOf(failed.reason));
  show(services, runs);
  void offerGitignore(services, root);
  askToKeepTraining(services, runs);
  return runs;
}

/** What every run of this window gets once it trains, new or resumed. */
export async function begin(services: Services, run: OpenRun): Promise<void> {
  await services.library.trainingBegan(run);
  followTraining(services, run);
}

/** Opens the tree down to the first negotiation of the run on the reader's mind, and follows it. */
function show({ tree, treeView, selection, inspector }: Services, runs: readonly OpenRun[]): void {
  const run = runs.at(-1);
  if (run === undefined) return;
  for (const other of runs) tree.reveal({ run: other.id, iteration: 1 });
  tree.reveal({ run: run.id, iteration: 1, group: 0, negotiation: 0 });
  selection.follow(true, run.id);
  void treeView.focus().then(() => inspector.open());
}

function parseArgs(input: unknown): StartArgs | undefined {
  // Menus pass what was clicked on; that is no way to say how to start a run.
  if (typeof input !== 'object' || input === null || !Object.keys(input).some((key) => key in startArgs.shape)) return undefined;
  const parsed = startArgs.safeParse(input);
  if (!parsed.success) throw new Refusal(`Start Run: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

/** What a caller left out. */
export function withDefaults({
  game = 'ipd',
  policy = 'embedded',
  preset = policy === SERVER_POLICY ? 'paper' : 'embedded',
}: StartArgs): Chosen {
  return { game, policy, preset };
}

/** Asks for game, policy and preset, and what else is to be known; undefined when the reader leaves. */
export async function choose(
  services: Services,
  title: string,
  algorithm: Algorithm,
  given: string | undefined,
  more: readonly (Step & { answered(answer: string): void })[] = [],
): Promise<Chosen | undefined> {
  const media = mediaOf(services.context);
  const answers: { game: GameId; policy: string; preset: string; opponent?: string } = {
    game: 'ipd',
    policy: given ?? 'embedded',
    preset: '',
  };
  /** A preset that requires an opponent is chosen once that is. */
  const pick = async ({ name, requires }: PresetOffer): Promise<string | undefined> => {
    delete answers.opponent;
    if (requires === undefined) return name;
    const opponent = await askForOpponent(services, title, answers.game, requires);
    if (opponent === undefined) return undefined;
    answers.opponent = opponent;
    return name;
  };
  const steps = [
    { title: 'Game', placeholder: 'Which game do they play?', choices: () => gameChoices(media) },
    { title: 'Policy', placeholder: 'Which model is trained?', choices: () => policyChoices(media, answers.game) },
    {
      title: 'Preset',
      placeholder: 'With which settings?',
      choices: () => presetChoices(media, answers.game, algorithm, answers.policy, pick),
    },
    ...more,
  ];
  const done = await askSteps(title, steps, (step, answer) => {
    if (step === 0) answers.game = gameId.parse(answer);
    else if (step === 1) answers.policy = answer;
    else if (step === 2) answers.preset = answer;
    else more[step - 3]?.answered(answer);
  });
  return done ? answers : undefined;
}

function gameChoices(media: string): Choice[] {
  const offered = offeredGames(media, isServerConfigured() ? SERVER_POLICY : 'embedded');
  if (offered.length === 0) throw new Refusal(`${join(media, 'policies')} holds no policy: install Parley again`);
  return offered.map((id) => ({ label: games[id].title, description: id, pick: () => id }));
}

function policyChoices(media: string, game: GameId): Choice[] {
  const embedded: Choice[] = [
    {
      label: 'Embedded policy',
      description: 'about 90 000 parameters',
      detail: 'A small text policy that trains on a CPU in a minute or two. It speaks the games’ short formats and nothing else.',
      pick: () => 'embedded',
    },
  ];
  return [...(offeredGames(media, 'embedded').includes(game) ? embedded : []), ...(isServerConfigured() ? [serverChoice()] : [])];
}

function serverChoice(): Choice {
  let server: ConfiguredServer;
  try {
    server = configuredServer();
  } catch (error) {
    const refuse = (): never => {
      throw error;
    };
    return { label: 'Training server', description: 'its settings are not complete', detail: messageOf(error), pick: refuse };
  }
  const { baseModel, baseUrl, rank } = server;
  return {
    label: baseModel,
    description: `on the training server ${baseUrl}, LoRA of rank ${rank}`,
    detail: 'Sampled and trained there. No masks and no gradient clipping; KL and entropy loss are folded into the advantages.',
    pick: () => SERVER_POLICY,
  };
}

function presetChoices(
  media: string,
  game: GameId,
  algorithm: Algorithm,
  policy: string,
  pick: (offer: PresetOffer) => Promise<string | undefined>,
): Choice[] {
  const reachable = Object.keys(configuredApis().apis).length > 0;
  const base = policyLayers(policy);
  const offers = offeredPresets(media, game, algorithm, policy === SERVER_POLICY ? configuredServer().tokenizer : policy, base).filter(
    ({ requires }) => requires !== 'api opponent' || reachable,
  );
  return offers.map((offer) => ({
    label: offer.name,
    description: `${offer.config.iterations} iterations of ${offer.config.negotiations} negotiations, ${offer.config.gameSettings.rounds} rounds each`,
    detail: offer.about,
    pick: () => pick(offer),
  }));
}

async function askForOpponent(services: Services, title: string, game: GameId, requires: Requires): Promise<string | undefined> {
  let chosen: string | undefined;
  const choices = playerChoices(services, game, false).filter(({ label }) => requires === 'opponent' || label.startsWith('api:'));
  const step = { title: 'Opponent', placeholder: 'Which fixed player has the other seat?', choices: () => choices };
  await askSteps(title, [step], (_, answer) => {
    chosen = z.string().parse(JSON.parse(answer));
  });
  return chosen;
}

/** The configuration of a run. @throws Refusal */
export function configOf(
  { context }: Services,
  algorithm: Algorithm,
  { game, policy, preset, opponent }: Chosen,
  args: StartArgs | undefined,
): RunConfig {
  const settings = vscode.workspace.getConfiguration('parley');
  const seed = args?.seed ?? settings.get<number>('seed', 0);
  const layers = [
    ...policyLayers(policy),
    ...(opponent === undefined ? [] : [{ source: 'opponent', settings: { opponent } }]),
    ...(args?.settings === undefined ? [] : [{ source: 'settings', settings: args.settings }]),
    ...(args?.iterations === undefined ? [] : [{ source: 'iterations', settings: { iterations: args.iterations } }]),
  ];
  try {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const cwd = folder === undefined ? {} : { cwd: folder.uri.fsPath };
    return resolveConfig(mediaOf(context), { game, algorithm, seed, preset, layers, ...cwd });
  } catch (error) {
    throw new Refusal(messageOf(error));
  }
}

/** The workspace folder's runs, which one asked where there are several; global storage where there is none. */
export async function rootFolder({ library }: Services): Promise<string | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length <= 1) return library.runsRoot(folders[0]);
  const folder = await vscode.window.showWorkspaceFolderPick({ placeHolder: 'Keep the run in which folder?' });
  return folder === undefined ? undefined : library.runsRoot(folder);
}

/** The folder of presets and embedded policies. */
export function mediaOf(context: vscode.ExtensionContext): string {
  return join(context.extensionPath, 'media');
}
