import * as vscode from 'vscode';
import { RATIO_CAP } from '../../domain/advantage/push';
import { AGENT_NAMES } from '../../domain/seat';
import { logRatio, tokenPush, trainingLogProb } from '../../domain/tokens/measures';
import { tokensAt } from '../../domain/tokens/turnText';
import { visibleText } from '../../domain/tokens/visibleText';
import type { TurnView } from '../../protocol/webview';
import { GUTTER, offsetOf, tokenSpans, turnAtLine } from '../../runs/transcript';
import type { TranscriptFiles } from './transcriptFiles';
import { rangeOf } from './transcriptUri';

/** The numbers of the token under the pointer, as plain text: a token's own text is never read as Markdown. */
export function tokenHover(files: TranscriptFiles): vscode.HoverProvider {
  return {
    provideHover: (document, position) => {
      const transcript = files.of(document);
      const turn = transcript && turnAtLine(transcript, position.line);
      if (turn === undefined || position.line < turn.line || position.character < GUTTER) return undefined;
      const tokens = turn.view.tokens.texts.length === 0 ? [] : tokensAt(turn.said, offsetOf(turn, position));
      const [first] = tokens;
      if (first === undefined) return undefined;
      const text = new vscode.MarkdownString();
      for (const token of tokens) text.appendCodeblock(tokenNumbers(turn.view, token), 'plaintext');
      const here = tokenSpans(turn, first).find(({ start, end }) => start.line <= position.line && position.line <= end.line);
      return here === undefined ? new vscode.Hover(text) : new vscode.Hover(text, rangeOf(here.start, here.end));
    },
  };
}

/** All numbers of one token, a line each. */
export function tokenNumbers(turn: TurnView, token: number): string {
  const { tokens, credit } = turn;
  const training = trainingLogProb(turn, token);
  const push = tokenPush(turn, token);
  const ratio = tokens.ratios[token];
  const lines: [name: string, value: string, extra?: string][] = [
    ['log π sampling', plain(tokens.logProbs[token])],
    ['log π training', plain(training)],
    ['log π reference', plain(tokens.referenceLogProbs[token]), `ratio ${signed(logRatio(turn, token))}`],
    ['ρ', plain(ratio), ratio !== undefined && ratio > RATIO_CAP ? `cut at ${RATIO_CAP}` : ''],
    ['entropy', plain(tokens.entropies[token]), 'nats'],
    ['valid mass', plain(tokens.validMass[token]), tokens.forced[token] === true ? 'forced by the mask' : ''],
    ['own advantage', signed(credit?.own)],
    ['alignment term', signed(credit?.alignment)],
    ['credit', signed(credit?.credit)],
    ['push', signed(push)],
  ];
  const heading = `${visibleText(tokens.texts[token] ?? '')}   token ${token + 1} of ${tokens.texts.length}, id ${tokens.ids[token] ?? '–'}`;
  const table = lines.map(([name, value, extra = '']) => `${name.padEnd(16)}${value.padStart(8)}  ${extra}`.trimEnd());
  const why =
    push !== null && credit !== null && training !== null
      ? `push = min(ρ, ${RATIO_CAP}) · credit · (1 − π) = ${plain(Math.min(ratio ?? 1, RATIO_CAP))} · ${signed(credit.credit)} · (1 − ${plain(Math.exp(training))})`
      : credit === null
        ? 'No credit yet: the iteration is not committed.'
        : turn.trained
          ? 'No log-probability is on record, so there is no push.'
          : `${AGENT_NAMES[turn.seat]} was not trained here: another player’s tokens carry no push.`;
  return [heading, ...table, why].join('\n');
}

/** With three decimals and a true minus; `–` for none. */
function plain(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(3).replace('-', '−');
}

function signed(value: number | null | undefined): string {
  const text = plain(value);
  return text === '–' || text.startsWith('−') || Number(text) === 0 ? text : `+${text}`;
}
