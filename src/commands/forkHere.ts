import * as vscode from 'vscode';
import * as z from 'zod';
import { AGENT_NAMES, other, type Pair, pair, SEATS } from '../domain/seat';
import { type Forked, MOST_SAMPLES } from '../protocol/branches';
import type { InferenceRequests } from '../protocol/inference';
import { PERSON } from '../protocol/play';
import { firstIssue, messageOf } from '../runs/problem';
import { activeTranscript, showTranscript } from '../views/transcripts/showTranscript';
import { askPerson } from './askPerson';
import { refuseUnreachable } from './chatSettings';
import type { Command } from './command';
import { Refusal, type Services } from './services';
import { askSteps, type Choice } from './steps';
import { branchPlace, refuseUnlessForkable, type TurnTarget, turnTarget } from './turnTarget';
import { type UnfinishedFork, UnfinishedForks } from './unfinishedForks';
import { whoGoesOn, whoQuestion } from './whoGoesOn';

/** What a caller may say in advance; with players named, nothing is asked. */
const given = z.looseObject({
  /** `[seat]`, as `parley evaluate` writes players with absolute paths, or `human`; null: as before. */
  players: z.tuple([z.string().min(1).nullable(), z.string().min(1).nullable()]).optional(),
  samples: z.int().positive().max(MOST_SAMPLES).optional(),
  seed: z.int().nonnegative().optional(),
  /** What the person says, turn by turn; where that is not all, it leaves. */
  answers: z.array(z.string()).optional(),
  /** Goes on with the branch that a person left at this turn. */
  goOn: z.literal(true).optional(),
});

type ForkParams = Omit<InferenceRequests['fork'][0], 'job'>;
type Players = Pair<string | null>;

/** Lets somebody go on from a turn, several times; what comes of it is kept in the run folder and shown. Returns the branches' numbers. */
export const forkHere: Command = {
  title: 'Fork Here…',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const options = given.safeParse(typeof args === 'object' && args !== null ? args : {});
    if (!options.success) throw new Refusal(`Fork Here: ${firstIssue(options.error)}`);
    const fromTranscript = activeTranscript(services.transcripts) !== undefined;
    const target = await turnTarget(services, args);
    const { run, place, negotiation } = target;
    if (!negotiation.committed) throw new Refusal('This negotiation is under way: fork it once its iteration is committed');
    refuseUnlessForkable(run);
    const { players, samples = 1, seed = freeSeed(target), answers, goOn } = options.data;
    const { iteration = 0, negotiation: number = 0, turn = 0 } = place;
    const of = negotiation.branch === undefined ? {} : { branch: negotiation.branch.branch };
    const at = { folder: run.folder.path, iteration, negotiation: number, ...of, turn };
    const left = players === undefined || goOn === true ? unfinished(services).at(at) : undefined;
    if (goOn === true && left === undefined) throw new Refusal('Nobody left a branch at this turn');
    const begun = left === undefined || goOn === true ? left : await whetherToGoOn(left);
    if (begun === null) return [];
    const chosen =
      begun !== undefined
        ? { players: begun.players, samples: 1 }
        : players === undefined
          ? await choose(services, target)
          : { players, samples };
    if (chosen === undefined) return [];
    await refuseUnreachable(
      services.context,
      chosen.players.filter((player) => player !== null),
    );

    const [alice, bob] = chosen.players;
    const params: ForkParams = { ...at, players: [alice, bob], samples: chosen.samples, seed: begun?.seed ?? seed };
    const made = chosen.players.includes(PERSON)
      ? await withPerson(services, params, begun?.answers ?? [], answers)
      : await fork(services, params);
    if (made === undefined) return [];
    for (const warning of made.warnings) services.log.warn(`Fork Here: ${warning}`);
    await services.store.look(run);
    await show(services, target, made.branches[0], fromTranscript);
    return made.branches;
  },
};

/** Shows a branch: in the tree, and where the reader was. */
async function show(services: Services, { run, place }: TurnTarget, number: number | undefined, fromTranscript: boolean): Promise<void> {
  const { selection, tree, inspector, transcripts } = services;
  const branch = run.branches.get(number ?? 0);
  if (branch === undefined) return;
  const at = branchPlace(place, branch);
  selection.goTo(at);
  tree.reveal(at);
  const uri = transcripts.uriOf(at);
  if (fromTranscript && uri !== undefined) await showTranscript(transcripts, uri, at);
  else inspector.open();
}

/** Has branches made, with a notification that can call it off; undefined where the reader did. @throws Refusal */
async function fork({ inference }: Services, params: ForkParams): Promise<Forked | undefined> {
  const stop = new AbortController();
  const title = `Fork at turn ${params.turn} of negotiation ${params.negotiation}`;
  try {
    return await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (progress, cancelled) => {
        cancelled.onCancellationRequested(() => stop.abort(new Error('cancelled')));
        const onProgress = (_done: number, _of: number, message: string): void => progress.report({ message });
        return inference.perform('fork', params, { signal: stop.signal, onProgress });
      },
    );
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    throw new Refusal(`Fork Here: ${messageOf(error)}`);
  }
}

const unfinished = ({ context }: Services): UnfinishedForks => new UnfinishedForks(context.workspaceState);

/** The branch that was left, undefined for a new one, null where the reader leaves. */
async function whetherToGoOn(left: UnfinishedFork): Promise<UnfinishedFork | undefined | null> {
  const seat = SEATS.find((each) => left.players[each] === PERSON) ?? 0;
  const count = `${left.answers.length} ${left.answers.length === 1 ? 'turn' : 'turns'}`;
  const items = [
    { label: '$(debug-continue) Go on', description: `as ${AGENT_NAMES[seat]}, after ${count} of yours`, fork: left },
    { label: '$(add) Begin a new branch', fork: undefined },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: 'Fork Here', placeHolder: 'You left a branch at this turn' });
  return picked === undefined ? null : picked.fork;
}

/**
 * Asks a person for its turns, one by one; undefined where it leaves: what it said is kept in this window's workspace, and nothing
 * in the run folder.
 * @throws Refusal
 */
async function withPerson(
  services: Services,
  params: ForkParams,
  begun: readonly string[],
  given: readonly string[] | undefined,
): Promise<Forked | undefined> {
  const { inference } = services;
  const seat = SEATS.find((each) => params.players[each] === PERSON) ?? 0;
  const answers = [...begun, ...(given ?? [])];
  for (;;) {
    let made: Forked;
    try {
      made = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: 'Fork Here …' }, () =>
        inference.perform('fork', { ...params, answers }),
      );
    } catch (error) {
      throw new Refusal(`Fork Here: ${messageOf(error)}`);
    }
    if (made.ask === null) {
      await unfinished(services).drop(params);
      return made;
    }
    const answer = given === undefined ? await askPerson(made.ask, seat) : undefined;
    if (answer === undefined) {
      if (answers.length > 0) {
        const { samples: _, ...left } = params;
        await unfinished(services).keep({ ...left, players: [...left.players], answers });
        vscode.window.setStatusBarMessage('What you said is kept: Fork Here at this turn goes on', 5000);
      }
      return undefined;
    }
    answers.push(answer);
  }
}

/** The first seed that has no branch at this turn yet: the same seed and players would only give the same branches. */
function freeSeed({ run, place }: Pick<TurnTarget, 'run' | 'place'>): number {
  const { iteration = 0, negotiation = 0, turn = 0 } = place;
  return Math.max(-1, ...run.branches.of({ iteration, negotiation, turn }).map(({ seed }) => seed)) + 1;
}

async function choose(
  services: Services,
  target: TurnTarget,
): Promise<{ readonly players: Players; readonly samples: number } | undefined> {
  const chosen: [string | null, string | null] = [null, null];
  let samples = 1;
  const seats = [target.turn.seat, other(target.turn.seat)] as const;
  const steps = [
    ...seats.map((seat, i) => ({
      ...whoQuestion(seat, i === 0),
      choices: () => whoGoesOn(services, target, seat, i === 0 ? null : chosen[seats[0]]),
    })),
    { title: 'Samples', placeholder: 'How many branches?', choices: () => sampleChoices(chosen.includes(PERSON)) },
  ];
  const done = await askSteps('Fork Here', steps, (step, answer) => {
    const seat = seats[step];
    if (seat === undefined) samples = Number(answer);
    else chosen[seat] = z.string().nullable().parse(JSON.parse(answer));
  });
  return done ? { players: pair((seat) => chosen[seat]), samples } : undefined;
}

/** A person plays one branch at a time. */
function sampleChoices(isPerson: boolean): Choice[] {
  return (isPerson ? [1] : [4, 1, 8, 16, MOST_SAMPLES]).map((count) => ({
    label: `${count} ${count === 1 ? 'branch' : 'branches'}`,
    pick: () => String(count),
  }));
}
