import { type Place, place as placeSchema } from '../protocol/webview';
import { activeTranscript, placeAtCursor } from '../views/transcripts/showTranscript';
import type { Command } from './command';
import { Refusal, type Services } from './services';

/** Shows what is under the cursor of a transcript in the inspector and in the tree. */
export const revealInInspector: Command = {
  title: 'Reveal in Inspector',
  needsTrust: false,
  inViews: false,
  run: async (services, args) => reveal(services, args),
};

/** Shows why the turn under the cursor got its credit: the formula with its numbers, in the inspector. */
export const explainCredit: Command = {
  title: 'Explain Credit',
  needsTrust: false,
  inViews: false,
  run: async (services, args) => {
    const place = await reveal(services, args);
    services.inspector.show('credit');
    return place;
  },
};

async function reveal(services: Services, args: unknown): Promise<Place> {
  const { selection, tree, inspector, store } = services;
  const place = placeOf(services, args);
  if (store.get(place.run) === undefined) throw new Refusal(`The run ${place.run} is not open here: open its folder with Open Run…`);
  selection.goTo(place);
  tree.reveal(place);
  inspector.open();
  return place;
}

function placeOf({ transcripts }: Services, args: unknown): Place {
  const named = placeSchema.strip().safeParse(args);
  if (named.success) return named.data;
  const active = activeTranscript(transcripts);
  if (active === undefined) throw new Refusal('No transcript is in front: open one with Open Transcript');
  return placeAtCursor(active.transcript, active.editor);
}
