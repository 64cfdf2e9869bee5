import * as z from 'zod';
import type { BranchView, NegotiationView, Place, TurnView } from '../protocol/webview';
import { place as placeSchema } from '../protocol/webview';
import { whyNotForkable } from '../runs/forkable';
import type { OpenRun } from '../runs/openRun';
import { activeTranscript, placeAtCursor } from '../views/transcripts/showTranscript';
import { Refusal, type Services } from './services';

/** A turn that a command is about. */
export interface TurnTarget {
  readonly run: OpenRun;
  readonly place: Place;
  readonly negotiation: NegotiationView;
  readonly turn: TurnView;
}

/** What callers pass beside a place belongs to whoever reads it. */
const named = z.looseObject({ run: z.string() });

/** The place that a command is about: the one named, the one under the cursor of a transcript in front, or the one selected. */
export function placeTarget({ transcripts, selection }: Services, input: unknown): Place | null {
  if (named.safeParse(input).success) {
    const parsed = placeSchema.strip().safeParse(input);
    if (parsed.success) return parsed.data;
  }
  const active = activeTranscript(transcripts);
  return active === undefined ? selection.place : placeAtCursor(active.transcript, active.editor);
}

/** The turn that a command is about. @throws Refusal in one line where there is none */
export async function turnTarget(services: Services, input: unknown): Promise<TurnTarget> {
  const place = placeTarget(services, input);
  const run = place === null ? undefined : services.store.get(place.run);
  if (place !== null && run === undefined) throw new Refusal(`The run ${place.run} is not open here: open its folder with Open Run…`);
  if (place === null || run === undefined || place.turn === undefined)
    throw new Refusal('Choose a turn first: in the tree, in the inspector or in a transcript');
  const negotiation = await run.negotiation(run.complete(place));
  const turn = negotiation?.turns.find((each) => each.turn === place.turn);
  if (negotiation === null || turn === undefined) throw new Refusal(`${run.name} has no such turn`);
  return {
    run,
    place: { ...negotiation.place, round: turn.round, turn: turn.turn, ...(place.token === undefined ? {} : { token: place.token }) },
    negotiation,
    turn,
  };
}

/** @throws Refusal where a run's negotiations cannot be played on, or its policies asked */
export function refuseUnlessForkable(run: OpenRun): void {
  // Looked for again: what was missing may have been put there.
  const why = whyNotForkable(run);
  if (why !== null) throw new Refusal(why);
}

/** The place of a branch, at the turn that it leaves at. */
export function branchPlace(
  { branch: _, token: __, ...place }: Place,
  { branch, round, turn }: Pick<BranchView, 'branch' | 'round' | 'turn'>,
): Place {
  return { ...place, round, turn, branch };
}
