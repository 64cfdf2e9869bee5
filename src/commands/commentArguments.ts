import type * as vscode from 'vscode';
import type { AnnotationNode } from '../views/annotations/annotationsView';
import { Refusal } from './services';

/** What VS Code passes from the box below a thread. @throws Refusal for anything else, such as nothing from the palette */
export function replyArgument(args: unknown): vscode.CommentReply {
  if (isReply(args)) return args;
  throw new Refusal('This works in the box of an annotation’s thread');
}

/** What VS Code passes from a thread's title. @throws Refusal for anything else */
export function threadArgument(args: unknown): vscode.CommentThread {
  if (isThread(args)) return args;
  throw new Refusal('This works in the title of an annotation’s thread');
}

/** What VS Code passes from a comment. @throws Refusal for anything else */
export function commentArgument(args: unknown): vscode.Comment {
  if (isObject(args) && 'body' in args && 'author' in args) return args as unknown as vscode.Comment;
  throw new Refusal('This works on a comment of an annotation');
}

/** What the tree of annotations passes; undefined for anything else. */
export function nodeArgument(args: unknown): AnnotationNode | undefined {
  return isObject(args) && args.kind === 'annotation' ? (args as unknown as AnnotationNode) : undefined;
}

/** Whether VS Code passes what was written below a thread. */
export function isReply(args: unknown): args is vscode.CommentReply {
  return isObject(args) && isObject(args.thread) && typeof args.text === 'string';
}

/** Whether VS Code passes a thread. */
export function isThread(args: unknown): args is vscode.CommentThread {
  return isObject(args) && Array.isArray(args.comments) && 'uri' in args;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
