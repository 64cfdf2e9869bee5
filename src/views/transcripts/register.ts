import * as vscode from 'vscode';
import type { RunStore } from '../../runs/runStore';
import { tokenColours } from './tokenColours';
import { tokenHover } from './tokenHover';
import type { TranscriptFiles } from './transcriptFiles';
import { transcriptOutline } from './transcriptOutline';
import { TRANSCRIPT_SCHEME } from './transcriptUri';
import { TurnLenses } from './turnLenses';

/** Registers the file system of transcripts and all that reads them. */
export function registerTranscripts(files: TranscriptFiles, store: RunStore): vscode.Disposable {
  const ours: vscode.DocumentSelector = { scheme: TRANSCRIPT_SCHEME };
  const outline = transcriptOutline(files);
  const lenses = new TurnLenses(files, store);
  return vscode.Disposable.from(
    vscode.workspace.registerFileSystemProvider(TRANSCRIPT_SCHEME, files, {
      isReadonly: new vscode.MarkdownString('Transcripts are read-only: annotate them instead'),
      isCaseSensitive: true,
    }),
    vscode.languages.registerDocumentSymbolProvider(ours, outline, { label: 'Negotiation' }),
    vscode.languages.registerFoldingRangeProvider(ours, outline),
    vscode.languages.registerHoverProvider(ours, tokenHover(files)),
    vscode.languages.registerCodeLensProvider(ours, lenses),
    tokenColours(files),
    lenses,
    files,
  );
}
