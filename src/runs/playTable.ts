import { games } from '../domain/games/index';
import { answerForm } from '../domain/games/typedAnswer';
import { AGENT_NAMES, other, SEATS, type Seat } from '../domain/seat';
import { lineText } from '../domain/tokens/visibleText';
import type { PlayAsk, PlayFile } from '../protocol/play';
import { actionText } from './negotiation';
import { points } from './rowWords';
import { GUTTER } from './transcript';
import { usageLine } from './usageLine';

/** A negotiation with a person as a document. Until it has ended, nothing stands in it that the person may not know. */
export interface PlayTable {
  /** Lines end in `\n`. */
  readonly text: string;
  /** Where the person's turn is asked for, or how it ended begins; 0-based. */
  readonly endLine: number;
  readonly ended: boolean;
}

/** Writes a negotiation down as far as it has come. @param ask the person's turn; null where it has ended or is paused. */
export function playTable(file: PlayFile, ask: PlayAsk | null): PlayTable {
  const { game, seat, opponent, turns } = file;
  const lines = [
    `${games[game].title} against ${lineText(opponent.name)}`,
    `You are ${AGENT_NAMES[seat]}, ${lineText(opponent.name)} is ${AGENT_NAMES[other(seat)]}`,
  ];
  let round = -1;
  const open = (next: number): void => {
    if (next === round) return;
    round = next;
    lines.push('', `Round ${round + 1}`);
  };
  for (const turn of asRead(turns, seat)) {
    open(turn.round);
    lines.push(...shown(turn.observation ?? ''), ...gutter(turn.text === '' ? '(nothing)' : turn.text, AGENT_NAMES[turn.seat], '│'));
  }
  if (ask !== null) {
    open(ask.round);
    lines.push(...shown(ask.observation));
  }
  lines.push('');
  const endLine = lines.length;
  if (file.rollouts !== null) lines.push('Outcome', ...outcome(file));
  else if (ask !== null) lines.push(`Your turn: ${ask.kind === 'message' ? 'say something, ' : ''}${answerForm(ask.constraint)}`);
  else lines.push('Paused: Play Against Policy goes on');
  if (file.usage !== null) lines.push('', `${lineText(opponent.name)}: ${usageLine(file.usage)}`);
  return { text: `${lines.join('\n')}\n`, endLine, ended: file.rollouts !== null };
}

/** Points of the person and of the other, over all rounds. */
export function playTotals({ seat, rounds }: Pick<PlayFile, 'seat' | 'rounds'>): { readonly own: number; readonly theirs: number } {
  const of = (at: 0 | 1): number => rounds.reduce((sum, { rewards }) => sum + rewards[at], 0);
  return { own: of(seat), theirs: of(other(seat)) };
}

/** Both act at once; the person's own action comes first, below what it read. */
function asRead(turns: PlayFile['turns'], own: Seat): PlayFile['turns'] {
  const later = ({ seat, kind }: PlayFile['turns'][number]): boolean => kind === 'action' && seat !== own;
  return turns.map((turn, i) => {
    const [before, after] = [turns[i - 1], turns[i + 1]];
    if (later(turn) && after?.kind === 'action' && after.round === turn.round) return after;
    return before !== undefined && later(before) && turn.kind === 'action' && before.round === turn.round ? before : turn;
  });
}

function outcome(file: PlayFile): string[] {
  const { seat, opponent, rounds } = file;
  const { own, theirs } = playTotals(file);
  const who = SEATS.map((at) => `${AGENT_NAMES[at]}: ${at === seat ? 'you' : lineText(opponent.name)}`).join(' · ');
  return [
    who,
    ...rounds.map(
      ({ actions, rewards }, round) =>
        `Round ${round + 1}: ${actions.map(actionText).join(' · ')}, ${rewards.map(points).join(' / ')} points`,
    ),
    `You got ${points(own)} points, ${lineText(opponent.name)} ${points(theirs)}`,
  ];
}

function shown(observation: string): string[] {
  const text = observation.trim();
  return text === '' ? [] : gutter(text, '', '┊');
}

function gutter(text: string, name: string, bar: string): string[] {
  return text.split('\n').map((line, i) => `${(i === 0 ? name : '').padEnd(GUTTER - 2)}${bar} ${lineText(line)}`);
}
