import type { GameId } from '../domain/games/game';
import { scriptedPlayers } from '../domain/players';
import type { InferenceRequests } from '../protocol/inference';
import type { OpenRun } from '../runs/openRun';
import { points } from '../runs/rowWords';
import { plainWords } from '../views/plainWords';
import { configuredApis } from './chatSettings';
import type { Services } from './services';
import type { Choice } from './steps';

/** A player as the inference process is told it. */
export type WrittenPlayer = InferenceRequests['evaluate'][0]['players'][number];

/** Runs that are ticked at first, at most. */
const MOST_TICKED = 4;

/** Scripted players that every policy should be seen against, by the first that a game has. */
const TELLING = ['always-defect', 'tit-for-tat', 'greedy', 'fair'];

/** Everybody who can play a game here; each answer is the player as JSON. The newest checkpoints come first, earlier ones last. */
export function playerChoices({ store, selection }: Pick<Services, 'store' | 'selection'>, game: GameId, several: boolean): Choice[] {
  const runs = store.runs.filter((run) => run.file?.config.game === game && checkpointsOf(run).length > 0);
  const selected = runs.find(({ id }) => id === selection.place?.run);
  const pair = runs.find(({ id }) => id === selected?.file?.pairedWith);
  const ordered = [...new Set([selected, pair, ...runs].filter((run) => run !== undefined))];
  const ticked = new Set(ordered.slice(0, MOST_TICKED));
  const sets = several ? setChoices(ordered) : [];
  const { apis, problems } = configuredApis();
  return [
    ...headed(
      'Newest checkpoints',
      ordered.map((run) => checkpointChoice(run, checkpointsOf(run)[0] ?? 0, ticked.has(run))),
    ),
    ...headed('Run sets: seeds as one player', sets),
    ...headed('Without training', [
      choice('seed', 'seed', { description: 'the embedded policy as it comes', picked: ordered.length === 0 }),
      ...scriptedPlayers(game).names.map((name) => choice(`scripted:${name}`, `scripted:${name}`, { picked: TELLING.includes(name) })),
    ]),
    ...headed('Chat endpoints', [
      ...Object.entries(apis).map(([name, { model, baseUrl }]) =>
        choice(`api:${name}`, `api:${name}`, { description: plainWords(`${model} at ${baseUrl}`) }),
      ),
      ...[...problems]
        .filter(([name]) => name !== '')
        .map(([name, problem]) => choice(`api:${name}`, `$(warning) api:${name}`, { detail: plainWords(problem) })),
    ]),
    ...ordered.flatMap((run) =>
      headed(
        `Earlier: ${plainWords(run.name)}`,
        checkpointsOf(run)
          .slice(1)
          .map((iteration) => checkpointChoice(run, iteration, false)),
      ),
    ),
  ];
}

/** Iterations of a run that have a checkpoint, the newest first. */
function checkpointsOf({ folder }: OpenRun): number[] {
  return folder.iterations.flatMap(({ iteration, checkpoint }) => (checkpoint === undefined ? [] : [iteration])).toReversed();
}

function checkpointChoice(run: OpenRun, iteration: number, picked: boolean): Choice {
  const reward = run.folder.iteration(iteration)?.measures?.meanReward;
  const told = iteration === 0 ? ' · before training' : reward ? ` · ${reward.map(points).join(' / ')} points a round` : '';
  return choice(`${run.folder.path}@${iteration}`, plainWords(run.name), {
    description: `${plainWords(run.folder.baseName)}@${iteration}${told}`,
    picked,
  });
}

/** Runs of one set and algorithm, at least two, at their newest checkpoints. */
function setChoices(runs: readonly OpenRun[]): Choice[] {
  const sets = new Map<string, OpenRun[]>();
  for (const run of runs) {
    const { set, config } = run.file ?? {};
    if (set === undefined || config === undefined) continue;
    const key = `${set.id} ${config.algorithm}`;
    sets.set(key, [...(sets.get(key) ?? []), run]);
  }
  const several = [...sets.values()].filter((members) => members.length > 1);
  return several.map((members) => {
    const { set, config } = members[0]?.file ?? {};
    const algorithm = config?.algorithm ?? '';
    const twins = several.filter((others) => others[0]?.file?.config.algorithm === algorithm).length;
    const name = twins > 1 ? `${algorithm} (${set?.name})` : algorithm;
    const written = { name, members: members.map((run) => `${run.folder.path}@${checkpointsOf(run)[0] ?? 0}`) };
    return choice(written, plainWords(`${set?.name ?? ''}: ${algorithm}`), { description: `${members.length} seeds` });
  });
}

function choice(player: WrittenPlayer, label: string, more: { description?: string; detail?: string; picked?: boolean } = {}): Choice {
  return { label, ...more, pick: () => JSON.stringify(player) };
}

function headed(title: string, choices: readonly Choice[]): Choice[] {
  return choices.length === 0 ? [] : [{ label: title, separator: true, pick: async () => undefined }, ...choices];
}
