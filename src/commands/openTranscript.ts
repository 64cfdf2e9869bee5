import { type Place, place as placeSchema } from '../protocol/webview';
import type { OpenRun } from '../runs/openRun';
import { showTranscript } from '../views/transcripts/showTranscript';
import type { Command } from './command';
import { Refusal, type Services } from './services';

/** Opens a negotiation as a text document; without one, the first negotiation of the newest iteration. */
export const openTranscript: Command = {
  title: 'Open Transcript',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const { transcripts } = services;
    const place = placeOf(services, args);
    const uri = transcripts.uriOf(place);
    if (uri === undefined) throw new Refusal('There is no negotiation at this place');
    await showTranscript(transcripts, uri, place);
    return String(uri);
  },
};

function underWay({ id, active }: OpenRun): Place | null {
  const preview = active?.preview ?? null;
  const negotiation = preview?.negotiations(preview.groups()[0] ?? 0)[0];
  return preview === null || negotiation === undefined ? null : { run: id, iteration: preview.iteration, negotiation };
}

/** The negotiation that is meant: the one named, the one selected, or the newest. @throws Refusal when there is none */
function placeOf({ selection, store }: Services, args: unknown): Place {
  const named = placeSchema.strip().safeParse(args);
  const [newest] = store.runs;
  const wanted = named.success ? named.data : (selection.place ?? (newest === undefined ? null : { run: newest.id }));
  if (wanted === null) throw new Refusal('No run is open: start one, or open its folder with Open Run…');
  const run = store.get(wanted.run);
  if (run === undefined) throw new Refusal(`The run ${wanted.run} is not open here: open its folder with Open Run…`);
  const place = wanted.iteration === undefined ? (run.newest(0) ?? underWay(run)) : { ...wanted, negotiation: wanted.negotiation ?? 0 };
  if (place === null) throw new Refusal(`${run.name} has no negotiations yet: its first iteration is under way`);
  return place;
}
