import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random } from '../../random';
import type { GameSettings, Negotiation } from '../game';
import { defaultGameSettings } from '../index';
import { ipd, parseChoice } from './ipd';

const start = (settings: Partial<GameSettings> = {}): Negotiation => ipd.start({ ...defaultGameSettings('ipd'), ...settings }, random(0));
const observations = (position: Negotiation): string[] => position.requests.map((request) => request.observation);

describe('the Iterated Prisoner’s Dilemma', () => {
  it('shows each seat its own and the other’s last choice, in short words', () => {
    const first = start();
    expect(observations(first)).toEqual(['play', 'play']);
    const second = first.advance(['A', 'B']);
    expect(observations(second)).toEqual(['you A they B play', 'you B they A play']);
    const third = start({ showRound: true }).advance(['B', 'B']);
    expect(observations(third)).toEqual(['r1 you B they B play', 'r1 you B they B play']);
  });

  it('tells a chat model the rules once, in neutral letters, and no horizon unless asked', () => {
    const first = start({ prompts: 'full', rounds: 7 });
    const prompt = first.requests[0]!.observation;
    expect(prompt).toContain('You choose A and they choose B: you get 0, they get 5.');
    expect(prompt).not.toMatch(/cooperat|defect|prisoner|dilemma|\b7\b/i);
    expect(observations(first.advance(['A', 'B']))[0]).toBe(
      'In the last round you chose A and they chose B. That gave you 0 points.\n\nWhat do you choose? Answer with the letter A or B and nothing else.',
    );
    expect(start({ prompts: 'full', rounds: 7, showRound: true }).requests[0]!.observation).toContain('This is round 1 of 7.');
  });

  it('pays by the four outcomes and ends after its rounds', () => {
    let position = start({ rounds: 4 });
    for (const texts of [
      ['A', 'A'],
      ['A', 'B'],
      ['B', 'A'],
      ['B', 'B'],
    ])
      position = position.advance(texts);
    expect(position.rounds.map((round) => round.rewards)).toEqual([
      [3, 3],
      [0, 5],
      [5, 0],
      [1, 1],
    ]);
    expect(position.rounds.every((round) => round.bestJointReward === 6)).toBe(true);
    expect(position.requests).toEqual([]);
    expect(position.deal).toBeUndefined();
  });

  it('forks: advancing from one position twice leaves it as it was', () => {
    const position = start().advance(['A', 'A']);
    const before = JSON.stringify(position);
    position.advance(['B', 'B']);
    position.advance(['A', 'B']).advance(['A', 'A']);
    expect(JSON.stringify(position)).toBe(before);
  });

  it('counts what does not parse as B, and says so', () => {
    const { rounds } = start().advance(['maybe', ' A.\n']);
    expect(rounds[0]!.actions).toEqual([
      { kind: 'choice', choice: 'B' },
      { kind: 'choice', choice: 'A' },
    ]);
    expect(rounds[0]!.valid).toEqual([false, true]);
    for (const text of ['', 'AB', 'A B', 'a', 'I choose A']) expect(parseChoice(text)).toBeNull();
    for (const text of ['A', '"A"', '**A**', '(A)']) expect(parseChoice(text)).toEqual({ kind: 'choice', choice: 'A' });
  });

  it('refuses a number of replies that is not due', () => {
    expect(() => start().advance(['A'])).toThrow('2 replies are due, 1 given');
    expect(() => start({ rounds: 1 }).advance(['A', 'A']).advance(['A'])).toThrow('0 replies are due, 1 given');
  });

  it('refuses payoffs that are no dilemma, and settings that make no game', () => {
    const payoffs = { T: 5, R: 3, P: 1, S: 0 };
    expect(() => start({ payoffs: { ...payoffs, R: 5 } })).toThrow('choose T > R > P > S');
    expect(() => start({ payoffs: { ...payoffs, T: 6 } })).toThrow('choose 2R > T + S');
    expect(() => start({ payoffs: { ...payoffs, P: Number.NaN } })).toThrow(RangeError);
    expect(() => start({ rounds: 0 })).toThrow('rounds is 0');
    expect(() => start({ rounds: 11, showRound: true })).toThrow('set showRound to false');
    expect(() => start({ rounds: 11 })).not.toThrow();
  });

  it('measures cooperation, and cooperation after each last round, as a plain count does', () => {
    const letters = fc.constantFrom('A', 'B');
    fc.assert(
      fc.property(fc.array(fc.tuple(letters, letters), { minLength: 1, maxLength: 12 }), (choices) => {
        let position = start({ rounds: choices.length });
        for (const pair of choices) position = position.advance(pair);
        const measures = ipd.measures([position.rounds]);
        expect(measures.cooperationRate).toBeCloseTo(choices.flat().filter((c) => c === 'A').length / (2 * choices.length));
        let after = 0;
        let cooperated = 0;
        for (let t = 1; t < choices.length; t++) {
          for (const seat of [0, 1] as const) {
            if (choices[t - 1]![seat] !== 'A' || choices[t - 1]![1 - seat] !== 'B') continue;
            after++;
            if (choices[t]![seat] === 'A') cooperated++;
          }
        }
        if (after === 0) expect(measures.cooperateAfter?.CD).toBeNull();
        else expect(measures.cooperateAfter?.CD).toBeCloseTo(cooperated / after);
      }),
    );
  });
});
