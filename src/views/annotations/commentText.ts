import * as vscode from 'vscode';
import { type Annotation, type Reply, reactionsOf } from '../../annotations';
import { lineText } from '../../domain/tokens/visibleText';
import { plainMarkdown } from './plainMarkdown';

/** Reactions that the picker offers. */
const OFFERED = ['👍', '👎', '🎉', '😕', '👀', '❤️'];

/** One comment of a thread: the annotation itself, or an answer to it. */
export interface AnnotationComment extends vscode.Comment {
  readonly annotation: string;
  /** null: the annotation itself. */
  readonly reply: string | null;
  /** The Markdown as it was written. */
  readonly raw: string;
}

/** What people wrote, as comments. Only what the reader wrote can be edited. */
export function commentOf(annotation: Annotation, reply: Reply | null, reader: string): AnnotationComment {
  const { author, body, created, edited } = reply ?? annotation;
  return {
    annotation: annotation.id,
    reply: reply?.id ?? null,
    raw: body,
    body: untrusted(body),
    mode: vscode.CommentMode.Preview,
    author: { name: lineText(author) },
    contextValue: author === reader ? 'own' : 'other',
    timestamp: new Date(created),
    ...(edited === created ? {} : { label: 'edited' }),
    reactions: reactions(reply ?? annotation, reader),
  };
}

/**
 * Markdown of whoever wrote the file: no command runs, markup shows as it is written, images, which would be fetched, become
 * links, and nothing hides or turns a line around.
 */
export function untrusted(body: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(plainMarkdown(body));
  text.isTrusted = false;
  text.supportHtml = false;
  return text;
}

function reactions(of: Annotation | Reply, reader: string): vscode.CommentReaction[] {
  const given = new Map(reactionsOf(of).map(({ emoji, authors }) => [emoji, authors]));
  return [...new Set([...OFFERED, ...given.keys()])].map((emoji) => {
    const authors = given.get(emoji) ?? [];
    return { label: lineText(emoji), iconPath: '', count: authors.length, authorHasReacted: authors.includes(reader) };
  });
}
