import * as vscode from 'vscode';
import { tokensAt } from '../../domain/tokens/turnText';
import type { Place } from '../../protocol/webview';
import { offsetOf, type Transcript, tokenSpans, turnAtLine } from '../../runs/transcript';
import type { TranscriptFiles } from './transcriptFiles';
import { rangeOf, TRANSCRIPT_SCHEME } from './transcriptUri';

/** Opens a transcript, beside the inspector if that is in front, with the place's turn or token under the cursor. @throws FileSystemError */
export async function showTranscript(files: TranscriptFiles, uri: vscode.Uri, place: Partial<Place>): Promise<vscode.TextEditor> {
  // Read first: what opening a document says of a failure is long.
  const transcript = await files.transcript(uri);
  const front = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const isBeside = front instanceof vscode.TabInputWebview && front.viewType.endsWith('parley.inspector');
  const document = await vscode.workspace.openTextDocument(uri);
  const range = rangeAt(transcript, place);
  return vscode.window.showTextDocument(document, {
    viewColumn: isBeside ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active,
    ...(range === undefined ? {} : { selection: range }),
  });
}

/** The transcript in the active editor; undefined where there is none. */
export function activeTranscript(
  files: TranscriptFiles,
): { readonly editor: vscode.TextEditor; readonly transcript: Transcript } | undefined {
  const editor = vscode.window.activeTextEditor;
  const transcript = editor?.document.uri.scheme === TRANSCRIPT_SCHEME ? files.of(editor.document) : undefined;
  return editor === undefined || transcript === undefined ? undefined : { editor, transcript };
}

/** The place under an editor's cursor, down to the token where it is on one. */
export function placeAtCursor(transcript: Transcript, editor: vscode.TextEditor): Place {
  const { place } = transcript.negotiation;
  const { active } = editor.selection;
  const turn = turnAtLine(transcript, active.line);
  if (turn === undefined) {
    const round = transcript.rounds.find(({ line, endLine }) => line <= active.line && active.line <= endLine);
    return round === undefined ? place : { ...place, round: round.round };
  }
  const token = active.line < turn.line ? undefined : tokensAt(turn.said, offsetOf(turn, active))[0];
  return { ...place, round: turn.view.round, turn: turn.view.turn, ...(token === undefined ? {} : { token }) };
}

/** Where a place of a negotiation stands in its transcript: a token, the beginning of a turn or of a round; undefined elsewhere. */
export function rangeAt(transcript: Transcript, { round, turn, token }: Partial<Place>): vscode.Range | undefined {
  const found = transcript.turns.find(({ view }) => view.turn === turn);
  if (found !== undefined) {
    const [span] = tokenSpans(found, token ?? 0);
    return span === undefined
      ? new vscode.Range(found.line, 0, found.line, 0)
      : rangeOf(span.start, token === undefined ? span.start : span.end);
  }
  const line = transcript.rounds.find((each) => each.round === round)?.line;
  return line === undefined ? undefined : new vscode.Range(line, 0, line, 0);
}
