import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random } from '../random';
import type { Constraint } from './game';
import { defaultGameSettings, GAME_IDS, games } from './index';
import { answerForm, readTyped } from './typedAnswer';

const AB: Constraint = { kind: 'choice', choices: ['A', 'B'] };
const COINS: Constraint = { kind: 'choice', choices: Array.from({ length: 11 }, (_, n) => String(n)) };
const WORDS: Constraint = { kind: 'message', maxTokens: 3, words: ['i', 'have', 'rock', 'paper'] };

describe('a typed answer', () => {
  it('is taken whatever its case, commas and spaces', () => {
    expect(readTyped(AB, ' a ')).toEqual({ text: 'A' });
    expect(readTyped(COINS, '07')).toMatchObject({ problem: '"07" is no answer here: give a whole number from 0 to 10' });
    expect(readTyped({ kind: 'choice', choices: ['1 0 2', '2 2 2'] }, '1,0 ,  2')).toEqual({ text: '1 0 2' });
    expect(readTyped(WORDS, 'I have ROCK!')).toEqual({ text: 'i have rock' });
    expect(readTyped({ kind: 'message', maxTokens: 5 }, '  Paper, I swear. ')).toEqual({ text: 'Paper, I swear.' });
  });

  it('may say nothing where there is talk, and nowhere else', () => {
    expect(readTyped(WORDS, '')).toEqual({ text: '' });
    expect(readTyped(AB, '')).toMatchObject({ problem: '"" is no answer here: give A or B' });
  });

  it('is refused in one line that names what is valid', () => {
    expect(readTyped(WORDS, 'i have papre')).toEqual({ problem: 'The other player does not know the word "papre": did you mean paper?' });
    expect(readTyped(WORDS, 'dynamite')).toEqual({
      problem: 'The other player does not know the word "dynamite": it knows i, have, rock, paper',
    });
    expect(readTyped(WORDS, 'i have rock paper')).toEqual({ problem: '4 words: say at most 3 words' });
  });

  it('is one that the game takes, in every game, for everything that is offered', () => {
    fc.assert(
      fc.property(fc.constantFrom(...GAME_IDS), fc.nat(), fc.nat(), (game, seed, pick) => {
        const settings = { ...defaultGameSettings(game, 'full'), messagesPerRound: 0 };
        const [request] = games[game].start(settings, random(seed)).requests;
        const { constraint } = request!;
        if (constraint.kind !== 'choice') throw new Error('a message without talk');
        const choice = constraint.choices[pick % constraint.choices.length]!;
        const read = readTyped(constraint, choice.replaceAll(' ', ', '));
        expect(read).toEqual({ text: choice });
        expect(request!.parses(choice)).toBe(true);
        // The form names the bounds, and the bounds are answers themselves.
        const bounds = answerForm(constraint).match(/\d+(?: \d+)*$/)?.[0];
        if (bounds !== undefined) expect(constraint.choices).toContain(bounds);
      }),
      { numRuns: 60 },
    );
  });
});
