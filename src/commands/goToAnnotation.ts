import * as vscode from 'vscode';
import * as z from 'zod';
import type { AnnotationNode, AnnotationPoint } from '../views/annotations/annotationsView';
import { activeTranscript, placeAtCursor } from '../views/transcripts/showTranscript';
import type { Command } from './command';
import { Refusal, type Services } from './services';

const target = z.looseObject({ annotation: z.string() });

/** Opens the transcript of an annotation at the words that it is about. */
export const openAnnotation: Command = {
  title: 'Open Annotation',
  needsTrust: false,
  inViews: false,
  run: async (services, args) => {
    const named = target.safeParse(args);
    const nodes = (await services.annotationsView.runs()).flatMap(({ children }) => children);
    const node = nodes.find(({ annotation }) => annotation.id === named.data?.annotation);
    if (node === undefined) throw new Refusal('This annotation is gone, or the filter hides it');
    return goTo(services, node);
  },
};

/** Goes to the next annotation that the filter lets through, around the end to the first. */
export const nextAnnotation: Command = {
  title: 'Go to Next Annotation',
  needsTrust: false,
  inViews: false,
  run: (services) => step(services, 1),
};

/** Goes to the annotation before. */
export const previousAnnotation: Command = {
  title: 'Go to Previous Annotation',
  needsTrust: false,
  inViews: false,
  run: (services) => step(services, -1),
};

async function step(services: Services, delta: 1 | -1): Promise<string> {
  const { annotationsView } = services;
  const node = await annotationsView.step(delta, cursorOf(services));
  if (node === undefined)
    throw new Refusal(annotationsView.expression === '' ? 'There are no annotations' : 'No annotation fits the filter');
  return goTo(services, node);
}

/** Where the cursor is among annotations; headings come before the turns below them. */
function cursorOf({ transcripts, store }: Services): AnnotationPoint | undefined {
  const active = activeTranscript(transcripts);
  if (active === undefined) return undefined;
  const { transcript, editor } = active;
  const { run: id, iteration = 0, negotiation = 0, branch, round, turn, token = -1 } = placeAtCursor(transcript, editor);
  const run = store.get(id);
  const below = transcript.turns.find(({ view }) => view.round === round)?.view.turn ?? 0;
  return run && { run, place: { iteration, negotiation, branch, turn: turn ?? below - 0.5, token } };
}

async function goTo(services: Services, { annotation, located }: AnnotationNode): Promise<string> {
  const { transcripts, threads, annotationsView } = services;
  if (located === undefined) throw new Refusal('The run of this annotation is not open here: open its folder with Open Run…');
  try {
    await transcripts.transcript(located.uri);
  } catch {
    throw new Refusal(`Orphaned: the negotiation of this annotation is gone. It was about “${annotation.quote}”`);
  }
  const document = await vscode.workspace.openTextDocument(located.uri);
  const selection = new vscode.Range(located.range.start, located.range.start);
  const editor = await vscode.window.showTextDocument(document, { selection });
  editor.revealRange(located.range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  await threads.settled();
  const thread = threads.thread(annotation.id);
  if (thread !== undefined) thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
  await annotationsView.arrivedAt(annotation.id, cursorOf(services));
  return annotation.id;
}
