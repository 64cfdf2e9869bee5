import * as z from 'zod';
import { place as placeSchema } from '../protocol/webview';
import { selectedStretch } from '../views/annotations/annotationThreads';
import { activeTranscript, showTranscript } from '../views/transcripts/showTranscript';
import type { Command } from './command';
import { Refusal } from './services';

/** Words that a caller has already; without them a thread opens to write in. */
const given = z.looseObject({ body: z.string() });

/** Annotates what is selected in a transcript: some tokens, or the turn under the cursor; called with a place, that turn or token. */
export const annotate: Command = {
  title: 'Annotate Selection',
  needsTrust: true,
  inViews: true,
  run: async ({ transcripts, threads }, args) => {
    const named = placeSchema.strip().safeParse(args);
    const body = given.safeParse(args).data?.body;
    if (named.success && named.data.turn !== undefined) {
      const uri = transcripts.uriOf(named.data);
      if (uri === undefined) throw new Refusal('The negotiation of this place is not open here: open its run with Open Run…');
      await showTranscript(transcripts, uri, named.data);
    }
    const active = activeTranscript(transcripts);
    if (active === undefined) throw new Refusal('No transcript is in front: open one with Open Transcript, then choose what to annotate');
    const { editor, transcript } = active;
    const { selection, document } = editor;
    const isWhole = selection.isEmpty || (named.success && named.data.turn !== undefined && named.data.token === undefined);
    const stretch = selectedStretch(transcript, selection);
    if (stretch === undefined) throw new Refusal('Nothing that an agent said is under the cursor: put it on a turn');
    const { turn, start } = stretch;
    const end = isWhole ? start : stretch.end;
    if (body !== undefined) return threads.annotate(document.uri, turn, start, end, body);
    threads.draft(document.uri, turn, start, end);
    return undefined;
  },
};
