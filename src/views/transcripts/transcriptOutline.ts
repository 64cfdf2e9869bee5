import * as vscode from 'vscode';
import { AGENT_NAMES } from '../../domain/seat';
import { lineText } from '../../domain/tokens/visibleText';
import { signed } from '../../runs/rowWords';
import { GUTTER, roundOutcome, type Transcript, type TranscriptTurn } from '../../runs/transcript';
import type { TranscriptFiles } from './transcriptFiles';

/** Outline and breadcrumbs (round, turn), and folding by round and by what was read. */
export function transcriptOutline(files: TranscriptFiles): vscode.DocumentSymbolProvider & vscode.FoldingRangeProvider {
  return {
    provideDocumentSymbols: (document) => symbols(document, files.of(document)),
    provideFoldingRanges: (document) => folds(files.of(document)),
  };
}

function symbols(document: vscode.TextDocument, transcript: Transcript | undefined): vscode.DocumentSymbol[] {
  if (transcript === undefined) return [];
  const whole = (from: number, to: number): vscode.Range => document.validateRange(new vscode.Range(from, 0, to, Number.MAX_SAFE_INTEGER));
  const rounds = transcript.rounds.map(({ round, line, endLine }) => {
    const outcome = roundOutcome(transcript.negotiation, round) ?? '';
    const symbol = new vscode.DocumentSymbol(
      `Round ${round + 1}`,
      outcome,
      vscode.SymbolKind.Namespace,
      whole(line, endLine),
      whole(line, line),
    );
    symbol.children = transcript.turns
      .filter((turn) => turn.view.round === round)
      .map((turn) => {
        const { seat, kind, credit } = turn.view;
        const name = `${AGENT_NAMES[seat]}: ${brief(turn)}`;
        const detail = credit === null ? kind : `${kind}, credit ${signed(credit.credit)}`;
        const range = whole(turn.promptLine ?? turn.line, turn.endLine);
        const said = document.validateRange(new vscode.Range(turn.line, GUTTER, turn.line, Number.MAX_SAFE_INTEGER));
        return new vscode.DocumentSymbol(name, detail, vscode.SymbolKind.String, range, said);
      });
    return symbol;
  });
  if (transcript.outcomeLine === null) return rounds;
  const end = whole(transcript.outcomeLine, transcript.lineCount - 1);
  return [...rounds, new vscode.DocumentSymbol('Outcome', '', vscode.SymbolKind.Namespace, end, whole(end.start.line, end.start.line))];
}

function brief({ said }: TranscriptTurn): string {
  const text = lineText(said.text.replaceAll('↵\n', ' '));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function folds(transcript: Transcript | undefined): vscode.FoldingRange[] {
  if (transcript === undefined) return [];
  const rounds = transcript.rounds.map(({ line, endLine }) => new vscode.FoldingRange(line, endLine, vscode.FoldingRangeKind.Region));
  const prompts = transcript.turns.flatMap(({ promptLine, line }) =>
    promptLine === null || line - promptLine < 3 ? [] : [new vscode.FoldingRange(promptLine, line - 1, vscode.FoldingRangeKind.Comment)],
  );
  return [...rounds, ...prompts];
}
