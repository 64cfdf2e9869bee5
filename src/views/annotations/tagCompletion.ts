import * as vscode from 'vscode';
import { tagsInUse } from '../../annotations';
import { TRANSCRIPT_SCHEME } from '../transcripts/transcriptUri';
import type { AnnotationLibrary } from './annotationLibrary';

/** Tags to begin with, offered after those in use. */
const SUGGESTED = ['deceptive', 'concession'];

/** Completes `#tags` where comments are written, from those in use; only while a transcript is in sight, since other comments are not ours. */
export function tagCompletion(library: AnnotationLibrary): vscode.CompletionItemProvider {
  return {
    provideCompletionItems: async (document, position) => {
      if (!vscode.window.visibleTextEditors.some(({ document: { uri } }) => uri.scheme === TRANSCRIPT_SCHEME)) return [];
      const begun = /(?<=^|\s)#[\p{L}\p{N}_-]*$/u.exec(document.lineAt(position).text.slice(0, position.character));
      if (begun === null) return [];
      const range = new vscode.Range(position.line, begun.index, position.line, position.character);
      const used = tagsInUse((await library.all()).flatMap(({ file }) => file.annotations));
      const counts = new Map(used.map(({ tag, count }) => [tag, count]));
      return [...new Set([...counts.keys(), ...SUGGESTED])].map((tag, i) => {
        const item = new vscode.CompletionItem(`#${tag}`, vscode.CompletionItemKind.Keyword);
        item.range = range;
        item.filterText = `#${tag}`;
        item.sortText = String(i).padStart(4, '0');
        const count = counts.get(tag);
        item.detail = count === undefined ? 'tag' : `used ${count} ${count === 1 ? 'time' : 'times'}`;
        return item;
      });
    },
  };
}
