import { availableParallelism } from 'node:os';
import * as vscode from 'vscode';
import * as z from 'zod';
import type { TrainParams } from '../protocol/trainer';
import type { QueuedRun, QueuedTrainer, QueueReport } from '../runs/runQueue';
import { isLeft, type OpenSet, type SetMember } from '../runs/runSets';
import { nextStep } from '../runs/setRuns';
import { type SetShare, shareSet } from '../runs/setShare';
import { showError } from '../views/notices';
import { plainWords } from '../views/plainWords';
import { runReach } from './chatSettings';
import { Refusal, type Services } from './services';
import { trainerSettings } from './trainerSettings';
import { followEnd } from './trainingProgress';
import { mostAtOnce } from './windowQueue';

/** How often waiting runs look whether a trainer of another process has made room, in milliseconds. */
const LOOK_EVERY = 3000;

/** What menus and callers pass to say which set is meant. */
const target = z.looseObject({ set: z.string() });

/**
 * The set that a command is about: the one named, else that of the selected run if it will do, else the only one that
 * will, else the one that the reader picks; undefined when the reader leaves.
 * @throws Refusal when none will do
 */
export async function targetSet(
  { sets, store, selection }: Services,
  input: unknown,
  { title, none, will }: { readonly title: string; readonly none: string; will(set: OpenSet): boolean },
): Promise<OpenSet | undefined> {
  const named = target.safeParse(input);
  if (named.success) {
    const set = sets.get(named.data.set);
    if (set === undefined) throw new Refusal(`There is no run set ${named.data.set} here: open the folder that its file is in`);
    if (!will(set)) throw new Refusal(`${set.name}: ${none}`);
    return set;
  }
  const candidates = sets.all.filter(will);
  const run = store.get(selection.place?.run ?? '');
  const selected = candidates.find(({ members }) => members.some((member) => member.run !== null && member.run === run));
  const [only] = candidates;
  if (only === undefined) throw new Refusal(none);
  if (candidates.length === 1) return only;
  const items = [...new Set([...(selected === undefined ? [] : [selected]), ...candidates])].map((set) => ({
    label: plainWords(set.name),
    description: `${set.finished} of ${set.members.length} runs are finished`,
    detail: plainWords(set.plan?.path ?? set.id),
    set,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Which run set?', matchOnDetail: true }))?.set;
}

/** Keeps the queue going, and tells of runs that could not begin and of sets that are through. */
export function followQueue(services: Services): vscode.Disposable {
  const { queue, store } = services;
  const timer = setInterval(async () => {
    if (queue.waiting.length === 0) return;
    for (const run of store.runs) if (run.active === null && run.folder.trainedBy !== null) await store.look(run);
    queue.wake();
  }, LOOK_EVERY);
  const told = queue.onEnded((report) => void ended(services, report));
  return vscode.Disposable.from({ dispose: told }, { dispose: () => clearInterval(timer) });
}

async function ended({ queue, sets, library, trainers, log }: Services, { run, end, dropped }: QueueReport): Promise<void> {
  if (trainers.closing) return;
  const set = sets.get(run.set);
  if (![...queue.waiting, ...queue.underway].some((other) => other.set === run.set)) {
    await library.setEnded(run.set);
    if (set?.status === 'finished') vscode.window.setStatusBarMessage(`$(check) ${plainWords(set.name)}: all runs are finished`, 10_000);
  }
  if (end.how !== 'refused') return;
  const name = set?.members.find(({ folder }) => folder === run.folder)?.name ?? run.folder;
  const others = dropped.length === 0 ? '' : `. The other ${dropped.length} runs of the set were not tried`;
  log.error(`${name}: ${end.message}${others}`);
  const answer = await showError(`${name}: ${end.message}${others}`, 'Resume Run Set', 'Show Log');
  if (answer === 'Resume Run Set') await vscode.commands.executeCommand('parley.resumeRunSet', { set: run.set });
  else if (answer === 'Show Log') log.show(true);
}

/** Puts what is left of a set into the window's queue, in the set's order; resolves with how many runs that are. */
export async function goOnWith(services: Services, set: OpenSet): Promise<number> {
  const left = set.members.filter(isLeft);
  if (left.length === 0) return 0;
  const [first] = left;
  const config = first?.planned?.config ?? first?.run?.file?.config;
  const threads = set.plan?.file.threads ?? first?.run?.file?.threads ?? 1;
  const share = shareSet({
    cores: availableParallelism(),
    runs: set.members.length,
    device: trainerSettings().device,
    policy: config?.policy ?? '',
    threads,
    jobs: mostAtOnce() || undefined,
  });
  await services.library.setBegan(set.id);
  services.queue.add(left.map((member) => queued(services, set, member, share)));
  return left.length;
}

function queued(services: Services, set: OpenSet, member: SetMember, { jobs, threads }: SetShare): QueuedRun {
  return {
    folder: member.folder,
    set: set.id,
    threads: member.run?.file?.threads ?? threads,
    atOnce: jobs,
    start: () => start(services, set, member),
  };
}

async function start(services: Services, set: OpenSet, member: SetMember): Promise<QueuedTrainer | null> {
  const { trainers, library } = services;
  const params = await paramsOf(services, set, member);
  if (params === null) return null;
  const { handle, opened } = trainers.start(params);
  opened.then(
    async (run) => {
      await library.trainingBegan(run);
      followEnd(services, run);
    },
    // The queue tells why it could not begin.
    () => undefined,
  );
  return handle;
}

async function paramsOf({ context, trainers }: Services, set: OpenSet, { planned, run, folder }: SetMember): Promise<TrainParams | null> {
  const config = planned?.config ?? run?.file?.config;
  const reach = config === undefined ? {} : await runReach(context, config);
  // Spinning threads would starve whatever trains beside, and most sets have more than one run.
  const spin = trainers.underway.length === 0 && set.members.length === 1;
  const machine = { ...trainerSettings(), ...reach, spin, takeOver: false };
  if (planned !== null && set.plan !== null) return nextStep(set.plan, planned, machine);
  return run?.status === 'stopped' ? { start: 'resume', folder, threads: run.file?.threads ?? 1, ...machine } : null;
}
