import * as vscode from 'vscode';
import * as z from 'zod';
import { other, type Pair, pair } from '../domain/seat';
import { MOST_SAMPLES } from '../protocol/branches';
import { firstIssue, messageOf } from '../runs/problem';
import { activeTranscript, showTranscript } from '../views/transcripts/showTranscript';
import type { Command } from './command';
import { Refusal, type Services } from './services';
import { askSteps, type Choice } from './steps';
import { branchPlace, refuseUnlessForkable, type TurnTarget, turnTarget } from './turnTarget';
import { AS_BEFORE, whoGoesOn, whoQuestion } from './whoGoesOn';

/** What a caller may say in advance; with players named, nothing is asked. */
const given = z.looseObject({
  /** `[seat]`, as `parley evaluate` writes players with absolute paths; null: as before. */
  players: z.tuple([z.string().min(1).nullable(), z.string().min(1).nullable()]).optional(),
  samples: z.int().positive().max(MOST_SAMPLES).optional(),
  seed: z.int().nonnegative().optional(),
});

interface Chosen {
  readonly players: Pair<string | null>;
  readonly samples: number;
}

/** Lets somebody go on from a turn, several times; what comes of it is kept in the run folder and shown. Returns the branches' numbers. */
export const forkHere: Command = {
  title: 'Fork Here…',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const { store, tree, selection, inspector, inference, transcripts } = services;
    const options = given.safeParse(typeof args === 'object' && args !== null ? args : {});
    if (!options.success) throw new Refusal(`Fork Here: ${firstIssue(options.error)}`);
    const target = await turnTarget(services, args);
    const { run, place, negotiation } = target;
    if (negotiation.branch !== undefined) throw new Refusal('This is a branch already: fork the negotiation that it leaves');
    if (!negotiation.committed) throw new Refusal('This negotiation is under way: fork it once its iteration is committed');
    refuseUnlessForkable(run);
    const { players, samples = 1, seed = freeSeed(target) } = options.data;
    const chosen = players === undefined ? await choose(services, target) : { players, samples };
    if (chosen === undefined) return [];
    const fromTranscript = activeTranscript(transcripts) !== undefined;

    const { iteration = 0, negotiation: number = 0, turn = 0 } = place;
    const params = {
      folder: run.folder.path,
      iteration,
      negotiation: number,
      turn,
      players: [...chosen.players] as [string | null, string | null],
      samples: chosen.samples,
      seed,
    };
    const stop = new AbortController();
    const title = `Fork at turn ${turn} of negotiation ${number}`;
    let made: Awaited<ReturnType<typeof inference.perform<'fork'>>>;
    try {
      made = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        (progress, cancelled) => {
          cancelled.onCancellationRequested(() => stop.abort(new Error('cancelled')));
          return inference.perform('fork', params, {
            signal: stop.signal,
            onProgress: (_done, _of, message) => progress.report({ message }),
          });
        },
      );
    } catch (error) {
      if (stop.signal.aborted) return [];
      throw new Refusal(`Fork Here: ${messageOf(error)}`);
    }
    for (const warning of made.warnings) services.log.warn(`Fork Here: ${warning}`);
    await store.look(run);
    const first = run.branches.get(made.branches[0] ?? 0);
    if (first !== undefined) {
      const at = branchPlace(place, first);
      selection.goTo(at);
      tree.reveal(at);
      const uri = transcripts.uriOf(at);
      if (fromTranscript && uri !== undefined) await showTranscript(transcripts, uri, at);
      else inspector.open();
    }
    return made.branches;
  },
};

/** The first seed that has no branch at this turn yet: the same seed and players would only give the same branches. */
function freeSeed({ run, place }: TurnTarget): number {
  const { iteration = 0, negotiation = 0, turn = 0 } = place;
  return Math.max(-1, ...run.branches.of({ iteration, negotiation, turn }).map(({ seed }) => seed)) + 1;
}

async function choose(services: Services, { run, negotiation, turn }: TurnTarget): Promise<Chosen | undefined> {
  const answers = { players: ['', ''] as [string, string], samples: 1 };
  const seats = [turn.seat, other(turn.seat)] as const;
  const steps = [
    ...seats.map((seat, i) => ({ ...whoQuestion(seat, i === 0), choices: () => whoGoesOn(services, run, negotiation, seat, []) })),
    { title: 'Samples', placeholder: 'How many branches?', choices: sampleChoices },
  ];
  const done = await askSteps('Fork Here', steps, (step, answer) => {
    const seat = seats[step];
    if (seat === undefined) answers.samples = Number(answer);
    else answers.players[seat] = answer;
  });
  const players = pair((seat) => (answers.players[seat] === AS_BEFORE ? null : answers.players[seat]));
  return done ? { players, samples: answers.samples } : undefined;
}

function sampleChoices(): Choice[] {
  return [4, 1, 8, 16, MOST_SAMPLES].map((count) => ({
    label: `${count} ${count === 1 ? 'branch' : 'branches'}`,
    pick: () => String(count),
  }));
}
