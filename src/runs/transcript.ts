import { AGENT_NAMES, SEATS } from '../domain/seat';
import { type TurnText, turnText } from '../domain/tokens/turnText';
import { lineText } from '../domain/tokens/visibleText';
import type { NegotiationView, TurnView } from '../protocol/webview';
import { actionText } from './negotiation';
import { points, whoWentOn } from './rowWords';

/** Columns before what was said: `Alice │ `. Lines of one turn all have them, so that no message can pass for another turn. */
export const GUTTER = 8;

/** A negotiation as a text document. While it is under way it only grows at its end. */
export interface Transcript {
  /** Lines end in `\n`. */
  readonly text: string;
  readonly negotiation: NegotiationView;
  /** In order. */
  readonly rounds: readonly TranscriptRound[];
  /** In order. */
  readonly turns: readonly TranscriptTurn[];
  /** The line that says where a branch begins, and who goes on; null in an original. */
  readonly branchLine: number | null;
  /** Line of the heading above how it ended; null while it is under way. */
  readonly outcomeLine: number | null;
  readonly lineCount: number;
}

/** A round's lines; all line numbers are 0-based, `endLine` is the last one. */
export interface TranscriptRound {
  readonly round: number;
  readonly line: number;
  readonly endLine: number;
}

/** A turn's lines. */
export interface TranscriptTurn {
  readonly view: TurnView;
  readonly said: TurnText;
  /** First line of what the seat read before; null where that was nothing. */
  readonly promptLine: number | null;
  /** First line of what it said. */
  readonly line: number;
  readonly endLine: number;
}

/** A place in a document, 0-based. */
export interface TextPosition {
  readonly line: number;
  readonly character: number;
}

/** Writes a negotiation as a document: rounds, and in them what each agent read and said; how it ended comes last. */
export function transcriptOf(negotiation: NegotiationView): Transcript {
  const { place, game, algorithm, group } = negotiation;
  const { branch } = negotiation;
  const lines = [
    `Negotiation ${place.negotiation}${branch === undefined ? '' : `, branch ${branch.branch}`} of ${algorithm === null && branch === undefined ? 'pair' : 'iteration'} ${place.iteration}`,
    `${lineText(game)} · ${algorithm ?? whoPlays(negotiation)} · seed group ${group}`,
  ];
  const rounds: { round: number; line: number; endLine: number }[] = [];
  const turns: TranscriptTurn[] = [];
  let branchLine: number | null = null;
  for (const view of settledTurns(negotiation)) {
    let round = rounds.at(-1);
    if (round === undefined || round.round !== view.round) {
      lines.push('');
      round = { round: view.round, line: lines.length, endLine: lines.length };
      rounds.push(round);
      lines.push(`Round ${view.round + 1}`);
    }
    if (branch !== undefined && view.turn >= branch.turn && branchLine === null) {
      branchLine = lines.length;
      lines.push(
        lineText(`Branch ${branch.branch} begins · ${whoWentOn(branch.players)} · seed ${branch.seed}, sample ${branch.sample + 1}`),
      );
    }
    const promptLine = view.prompt.trim() === '' ? null : lines.length;
    if (promptLine !== null) lines.push(...gutter(view.prompt.trimEnd().split('\n').map(lineText), '', '┊'));
    const said = turnText(view.tokens.texts, view.text);
    const line = lines.length;
    lines.push(...gutter(said.text.split('\n'), AGENT_NAMES[view.seat], '│'));
    turns.push({ view, said, promptLine, line, endLine: lines.length - 1 });
    round.endLine = lines.length - 1;
  }
  const outcomeLine = negotiation.committed ? lines.length + 1 : null;
  if (outcomeLine !== null) lines.push('', 'Outcome', ...outcome(negotiation));
  return { text: `${lines.join('\n')}\n`, negotiation, rounds, turns, branchLine, outcomeLine, lineCount: lines.length };
}

/** Where an offset in a turn's text is in the document. */
export function positionOf({ said, line }: TranscriptTurn, offset: number): TextPosition {
  const before = said.text.slice(0, offset);
  const breaks = before.split('\n').length - 1;
  return { line: line + breaks, character: GUTTER + before.length - (before.lastIndexOf('\n') + 1) };
}

/** The offset in a turn's text of a place in the document; places outside are moved to the nearest inside. */
export function offsetOf({ said, line, endLine }: TranscriptTurn, position: TextPosition): number {
  if (position.line < line) return 0;
  if (position.line > endLine) return said.text.length;
  const texts = said.text.split('\n');
  const row = position.line - line;
  const start = texts.slice(0, row).reduce((sum, text) => sum + text.length + 1, 0);
  return start + Math.min(Math.max(0, position.character - GUTTER), texts[row]?.length ?? 0);
}

/** The turn whose lines hold a line, what it read included; undefined between turns. */
export function turnAtLine({ turns }: Transcript, line: number): TranscriptTurn | undefined {
  return turns.find((turn) => (turn.promptLine ?? turn.line) <= line && line <= turn.endLine);
}

/** How a round ended, in few words: `A · B, 0 / 5 points`; null while it is open. */
export function roundOutcome({ rounds }: NegotiationView, round: number): string | null {
  const finished = rounds.find((each) => each.round === round);
  if (finished === undefined) return null;
  return `${finished.actions.map(actionText).join(' · ')}, ${finished.rewards.map(points).join(' / ')} points`;
}

/** Turns of a preview may come out of order; those behind a gap wait for it to close. */
function settledTurns({ turns, committed }: NegotiationView): readonly TurnView[] {
  if (committed) return turns;
  const gap = turns.findIndex(({ turn }, i) => turn !== i);
  return gap < 0 ? turns : turns.slice(0, gap);
}

function gutter(texts: readonly string[], name: string, bar: string): string[] {
  return texts.map((text, i) => `${(i === 0 ? name : '').padEnd(GUTTER - 2)}${bar} ${text}`);
}

function outcome(negotiation: NegotiationView): string[] {
  const { rounds, turns } = negotiation;
  const invalid = turns.filter(({ valid }) => !valid);
  return [
    whoPlays(negotiation),
    ...rounds.map(({ round }) => `Round ${round + 1}: ${roundOutcome(negotiation, round)}`),
    ...invalid.map(({ round, seat }) => `${AGENT_NAMES[seat]} in round ${round + 1} did not parse: the game’s default counted`),
  ];
}

function whoPlays({ players }: NegotiationView): string {
  return SEATS.map((seat) => `${AGENT_NAMES[seat]}: ${lineText(players[seat]) || 'unknown'}`).join(' · ');
}

/** Where a token stands: one stretch a line, so that no gutter lies between. Nothing of a token that has no character of its own. */
export function tokenSpans(turn: TranscriptTurn, token: number): { readonly start: TextPosition; readonly end: TextPosition }[] {
  const [from, to] = turn.said.tokenRanges[token] ?? [0, 0];
  const spans: { start: TextPosition; end: TextPosition }[] = [];
  let at = from;
  for (const line of turn.said.text.slice(from, to).split('\n')) {
    const start = positionOf(turn, at);
    if (line !== '') spans.push({ start, end: { line: start.line, character: start.character + line.length } });
    at += line.length + 1;
  }
  return spans;
}
