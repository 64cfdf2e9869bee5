import { describe, expect, it } from 'vitest';
import { negotiationOf } from '../../../test/webview/world';
import type { WorldRun } from '../../../test/webview/worldPlay';
import { type Cursor, type CursorMove, cursorAt, moved } from './cursor';
import { roundsOf } from './rows';

const trust: WorldRun = { id: 'trust', game: 'trust-and-split', algorithm: 'aa', seed: 3, iterations: 400 };
const { turns } = negotiationOf(trust, 40, 5)!;

describe('cursorAt', () => {
  it('finds the place’s turn and token, clamped to what is there', () => {
    expect(cursorAt(turns, { run: 'trust', turn: 6, token: 2 })).toEqual({ turn: 6, token: 2 });
    expect(cursorAt(turns, { run: 'trust', turn: 6, token: 999 })).toEqual({ turn: 6, token: turns[6]!.tokens.texts.length - 1 });
    expect(cursorAt(turns, { run: 'trust', round: 3 })?.turn).toBe(turns.findIndex((turn) => turn.round === 3));
    expect(cursorAt(turns, null)).toEqual({ turn: 0, token: 0 });
    expect(cursorAt([], null)).toBeNull();
  });
});

describe('moved', () => {
  const walk = (move: CursorMove, from: Cursor): Cursor[] => {
    const path: Cursor[] = [];
    for (let at: Cursor | null = from; at !== null && path.length < 5000; at = moved(turns, at, move)) path.push(at);
    return path;
  };

  it('visits every token once on the way right, and the same ones on the way back', () => {
    const right = walk('nextToken', { turn: 0, token: 0 });
    expect(right).toHaveLength(turns.reduce((sum, turn) => sum + Math.max(1, turn.tokens.texts.length), 0));
    expect(walk('previousToken', right.at(-1)!)).toEqual([...right].reverse());
  });

  it('visits every turn and every round', () => {
    expect(walk('nextTurn', { turn: 0, token: 0 })).toHaveLength(turns.length);
    expect(walk('nextRound', { turn: 0, token: 0 }).map(({ turn }) => turns[turn]!.round)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(walk('previousRound', { turn: turns.length - 1, token: 0 }).map(({ turn }) => turns[turn]!.round)).toEqual([
      9, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    ]);
  });
});

describe('roundsOf', () => {
  it('puts simultaneous actions on one line and messages on their own, and loses no turn', () => {
    const rounds = roundsOf(turns);
    expect(rounds).toHaveLength(10);
    for (const { lines } of rounds) {
      expect(lines).toHaveLength(3);
      expect(lines[0]!.filter((cell) => cell !== null)).toHaveLength(1);
      expect(lines[2]!.map((cell) => cell?.turn.seat)).toEqual([0, 1]);
    }
    const shown = rounds.flatMap(({ lines }) => lines.flat()).flatMap((cell) => (cell === null ? [] : [cell.index]));
    expect([...shown].sort((a, b) => a - b)).toEqual(turns.map((_, index) => index));
  });
});
