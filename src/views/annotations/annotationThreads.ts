import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import {
  type Annotation,
  anchorOf,
  annotationId,
  answerDeleted,
  answered,
  answerRewritten,
  answersOf,
  deleted,
  newAnnotation,
  reacted,
  resolved,
  rewritten,
  tagsOf,
} from '../../annotations';
import { lineText } from '../../domain/tokens/visibleText';
import type { OpenRun } from '../../runs/openRun';
import { offsetOf, type Transcript, type TranscriptTurn, turnAtLine } from '../../runs/transcript';
import { coalesced } from '../coalesced';
import type { TranscriptFiles } from '../transcripts/transcriptFiles';
import { TRANSCRIPT_SCHEME } from '../transcripts/transcriptUri';
import { type AnnotationLibrary, type Located, spanOf } from './annotationLibrary';
import { type AnnotationComment, commentOf } from './commentText';

/** Id of the comment controller; menus go by it. */
export const CONTROLLER = 'parley.annotations';

/** A thread on the screen and what it stands for. */
interface Shown {
  readonly thread: vscode.CommentThread;
  readonly run: OpenRun;
  readonly annotation: string;
  /** What it shows, to leave alone what did not change. */
  readonly state: string;
}

/** What a reader is about to annotate. */
interface Draft {
  readonly thread: vscode.CommentThread;
  readonly turn: TranscriptTurn;
  readonly start: number;
  readonly end: number;
}

/** Annotations as comment threads in the transcripts that are open. */
export class AnnotationThreads {
  readonly #controller = vscode.comments.createCommentController(CONTROLLER, 'Parley Annotations');
  /** By document and annotation. */
  readonly #shown = new Map<string, Map<string, Shown>>();
  #draft: Draft | undefined;
  readonly #update = coalesced(50, () => void this.#syncAll());
  #syncing = Promise.resolve();
  readonly #stops: vscode.Disposable;

  constructor(
    private readonly library: AnnotationLibrary,
    private readonly files: TranscriptFiles,
  ) {
    this.#controller.options = { prompt: 'Annotate', placeHolder: 'Markdown; #tags as in #deceptive' };
    this.#controller.commentingRangeProvider = {
      provideCommentingRanges: (document) => {
        const transcript = this.files.of(document);
        if (!vscode.workspace.isTrusted || transcript === undefined) return undefined;
        return { enableFileComments: false, ranges: transcript.turns.map((turn) => spanOf(turn, 0, turn.said.text.length)) };
      },
    };
    const request = (): void => {
      // Without one there is nothing to press.
      if (vscode.workspace.isTrusted) this.#controller.reactionHandler = (comment, { label }) => this.react(comment, label);
      this.#update.request();
    };
    this.#stops = vscode.Disposable.from(
      this.#controller,
      this.#update,
      library.onDidChange(request),
      files.onDidChangeTranscript(request),
      vscode.workspace.onDidOpenTextDocument(request),
      vscode.workspace.onDidCloseTextDocument((document) => this.#forget(String(document.uri))),
      vscode.workspace.onDidGrantWorkspaceTrust(request),
    );
    request();
  }

  /** Resolves once what is open shows what the files say. */
  async settled(): Promise<void> {
    await this.#syncAll();
  }

  /**
   * Opens a thread for a reader to write in: at a stretch of a turn, or at all of it. It begins with a comment being written,
   * since that has the focus at once.
   */
  draft(uri: vscode.Uri, turn: TranscriptTurn, start: number, end: number): void {
    if (this.#draft !== undefined) this.discard(this.#draft.thread);
    const range = start === end ? spanOf(turn, 0, turn.said.text.length) : spanOf(turn, start, end);
    const author = { name: this.library.deed().author };
    const comment: vscode.Comment = { body: '', mode: vscode.CommentMode.Editing, author, contextValue: 'draft' };
    const thread = this.#controller.createCommentThread(uri, range, [comment]);
    thread.canReply = false;
    thread.contextValue = 'draft';
    thread.label = `Annotate ${quoted(anchorOf(turn.said, start, end).quote)}`;
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    this.#draft = { thread, turn, start, end };
  }

  /** Makes an annotation of what a reader wrote in a draft, which the real thread takes the place of. */
  async keepDraft({ body }: vscode.Comment): Promise<string> {
    if (this.#draft === undefined) throw new RangeError('This draft is gone: annotate again');
    const { thread, turn, start, end } = this.#draft;
    const id = await this.annotate(thread.uri, turn, start, end, typeof body === 'string' ? body : body.value);
    this.discard(thread);
    return id;
  }

  /** Drops a thread that holds no annotation; the draft, unless one is named. */
  discard(thread = this.#draft?.thread): void {
    thread?.dispose();
    if (this.#draft?.thread === thread) this.#draft = undefined;
  }

  /** Makes an annotation of what a reader wrote in an empty thread, which the real one takes the place of. */
  async create({ thread, text }: vscode.CommentReply): Promise<string> {
    const transcript = await this.files.transcript(thread.uri);
    const range = thread.range ?? new vscode.Range(0, 0, 0, 0);
    const turn = turnAtLine(transcript, range.start.line) ?? turnAtLine(transcript, range.end.line);
    if (turn === undefined) throw new RangeError('An annotation has to be on a turn: choose a line that an agent said');
    const id = await this.annotate(thread.uri, turn, offsetOf(turn, range.start), offsetOf(turn, range.end), text);
    this.discard(thread);
    return id;
  }

  /** Annotates a stretch of a turn, or all of it where start and end are the same. @returns the annotation's id */
  async annotate(uri: vscode.Uri, { said, view }: TranscriptTurn, start: number, end: number, body: string): Promise<string> {
    if (body.trim() === '') throw new RangeError('An annotation needs words: write some, or discard it');
    const source = this.files.sourceOf(uri);
    if (source === undefined) throw new RangeError('The run of this transcript is not open here: open its folder with Open Run…');
    const { iteration = 0, negotiation = 0, branch } = source.place;
    const anchor = { run: this.library.idOf(source.run), iteration, negotiation, branch, turn: view.turn, ...anchorOf(said, start, end) };
    const id = newId();
    await this.library.add(source.run, newAnnotation(id, anchor, body, tagsOf(body), this.library.deed()));
    await this.settled();
    return id;
  }

  /** Answers an annotation. */
  async reply({ thread, text }: vscode.CommentReply): Promise<void> {
    if (text.trim() === '') throw new RangeError('An answer needs words');
    await this.#change(thread, (annotation) => answered(annotation, newId(), text, this.library.deed()));
  }

  /** Marks a thread's annotation as done with, or not. */
  async resolve(thread: vscode.CommentThread, isResolved: boolean): Promise<void> {
    await this.#change(thread, (annotation) => resolved(annotation, isResolved, this.library.deed()));
  }

  /** Lets the reader rewrite a comment in place. */
  edit(comment: vscode.Comment): void {
    this.#setMode(comment, vscode.CommentMode.Editing);
  }

  /** Shows a comment again as it was. */
  cancel(comment: vscode.Comment): void {
    this.#setMode(comment, vscode.CommentMode.Preview);
  }

  /** Keeps what the reader made of a comment. */
  async save(comment: vscode.Comment): Promise<void> {
    const { shown, of } = this.#find(comment);
    const body = typeof comment.body === 'string' ? comment.body : comment.body.value;
    if (body.trim() === '') throw new RangeError('An annotation needs words: write some, or delete it');
    comment.mode = vscode.CommentMode.Preview;
    const { time } = this.library.deed();
    await this.library.change(shown.run, shown.annotation, (annotation) =>
      of.reply === null ? rewritten(annotation, body, tagsOf(body), time) : answerRewritten(annotation, of.reply, body, time),
    );
    await this.settled();
  }

  /** Deletes a comment: an answer, or the annotation with all its answers. */
  async delete(comment: vscode.Comment): Promise<void> {
    const { shown, of } = this.#find(comment);
    const { time } = this.library.deed();
    await this.library.change(shown.run, shown.annotation, (annotation) =>
      of.reply === null ? deleted(annotation, time) : answerDeleted(annotation, of.reply, time),
    );
    await this.settled();
  }

  /** Gives a reaction to a comment, or takes it back. */
  async react(comment: vscode.Comment, emoji: string): Promise<void> {
    const { shown, of } = this.#find(comment);
    await this.library.change(shown.run, shown.annotation, (annotation) => reacted(annotation, of.reply, emoji, this.library.deed()));
    await this.settled();
  }

  /** The thread of an annotation, if its transcript is open. */
  thread(annotation: string): vscode.CommentThread | undefined {
    for (const threads of this.#shown.values()) {
      const shown = threads.get(annotation);
      if (shown !== undefined) return shown.thread;
    }
    return undefined;
  }

  dispose(): void {
    this.#stops.dispose();
  }

  async #change(thread: vscode.CommentThread, change: (annotation: Annotation) => Annotation): Promise<void> {
    const shown = this.#all().find((each) => each.thread === thread);
    if (shown === undefined) throw new RangeError('This thread is no annotation (any more)');
    await this.library.change(shown.run, shown.annotation, change);
    await this.settled();
  }

  #find(comment: vscode.Comment): { readonly shown: Shown; readonly of: AnnotationComment } {
    if (!isOurs(comment)) throw new RangeError('This comment is no annotation');
    const shown = this.#all().find(({ annotation }) => annotation === comment.annotation);
    if (shown === undefined) throw new RangeError('This annotation is gone');
    return { shown, of: comment };
  }

  #setMode(comment: vscode.Comment, mode: vscode.CommentMode): void {
    const { shown, of } = this.#find(comment);
    // What is edited is the Markdown as it was written.
    shown.thread.comments = shown.thread.comments.map((each) =>
      isOurs(each) && each.reply === of.reply
        ? { ...each, mode, body: mode === vscode.CommentMode.Editing ? each.raw : new vscode.MarkdownString(each.raw) }
        : each,
    );
    if (mode === vscode.CommentMode.Preview) {
      this.#replace(shown, '');
      this.#update.request();
    }
  }

  #all(): Shown[] {
    return [...this.#shown.values()].flatMap((threads) => [...threads.values()]);
  }

  #replace(shown: Shown, state: string): void {
    for (const threads of this.#shown.values())
      if (threads.get(shown.annotation) === shown) threads.set(shown.annotation, { ...shown, state });
  }

  /** One pass after the other: what is open, then what each file says. */
  #syncAll(): Promise<void> {
    this.#syncing = this.#syncing.then(async () => {
      for (const { uri } of vscode.workspace.textDocuments) {
        if (uri.scheme === TRANSCRIPT_SCHEME) await this.#sync(uri).catch(() => undefined);
      }
    });
    return this.#syncing;
  }

  async #sync(uri: vscode.Uri): Promise<void> {
    const source = this.files.sourceOf(uri);
    const key = String(uri);
    if (source === undefined) {
      this.#forget(key);
      return;
    }
    const { run, place } = source;
    const file = await this.library.read(run);
    const here = file.annotations.filter(
      (each) =>
        each.deleted === undefined &&
        each.iteration === place.iteration &&
        each.negotiation === place.negotiation &&
        each.branch === place.branch,
    );
    const threads = this.#shown.get(key) ?? new Map<string, Shown>();
    this.#shown.set(key, threads);
    for (const annotation of here) {
      const located = await this.library.locate(run, annotation);
      const known = threads.get(annotation.id);
      const state = JSON.stringify([annotation, located.range, located.state.kind, vscode.workspace.isTrusted]);
      if (known?.state === state) continue;
      if (known?.thread.comments.some(({ mode }) => mode === vscode.CommentMode.Editing) === true) continue;
      // With its comments from the start: a thread that begins empty opens its box to write in.
      const thread = known?.thread ?? this.#controller.createCommentThread(uri, located.range, this.#comments(annotation));
      this.#fill(thread, annotation, located, known === undefined);
      threads.set(annotation.id, { thread, run, annotation: annotation.id, state });
    }
    const standing = new Set(here.map(({ id }) => id));
    for (const [id, { thread }] of threads) {
      if (standing.has(id)) continue;
      thread.dispose();
      threads.delete(id);
    }
  }

  #fill(thread: vscode.CommentThread, annotation: Annotation, { state, range }: Located, isNew: boolean): void {
    const { author } = this.library.deed();
    if (thread.range === undefined || !thread.range.isEqual(range)) thread.range = range;
    if (!isNew) thread.comments = this.#comments(annotation);
    thread.canReply = vscode.workspace.isTrusted ? { name: author } : false;
    thread.state = annotation.resolved ? vscode.CommentThreadState.Resolved : vscode.CommentThreadState.Unresolved;
    thread.contextValue = annotation.resolved ? 'resolved' : 'open';
    const about = quoted(annotation.quote);
    thread.label = state.kind === 'orphaned' ? `Orphaned: ${state.reason} · ${about}` : about;
    if (isNew) {
      thread.collapsibleState = annotation.resolved
        ? vscode.CommentThreadCollapsibleState.Collapsed
        : vscode.CommentThreadCollapsibleState.Expanded;
    }
  }

  #comments(annotation: Annotation): AnnotationComment[] {
    const { author } = this.library.deed();
    return [null, ...answersOf(annotation)].map((reply) => commentOf(annotation, reply, author));
  }

  #forget(key: string): void {
    for (const { thread } of this.#shown.get(key)?.values() ?? []) thread.dispose();
    this.#shown.delete(key);
  }
}

/** The stretch of a turn that a selection covers; none where it is empty or lies elsewhere. */
export function selectedStretch(
  transcript: Transcript,
  selection: vscode.Selection | vscode.Range,
): { readonly turn: TranscriptTurn; readonly start: number; readonly end: number } | undefined {
  const turn = turnAtLine(transcript, selection.start.line);
  if (turn === undefined) return undefined;
  return { turn, start: offsetOf(turn, selection.start), end: offsetOf(turn, selection.end) };
}

function isOurs(comment: vscode.Comment): comment is AnnotationComment {
  return 'annotation' in comment && 'reply' in comment && 'raw' in comment;
}

function newId(): string {
  return annotationId(Date.now(), randomBytes(5));
}

function quoted(quote: string): string {
  const text = lineText(quote.replaceAll('↵\n', ' '));
  // VS Code escapes labels once too often: markup would show as entities.
  const plain = text.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('&', '＆');
  return `“${plain.length > 60 ? `${plain.slice(0, 59)}…` : plain}”`;
}
