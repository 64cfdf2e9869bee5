import { describe, expect, it } from 'vitest';
import type { PlayAsk, PlayFile } from '../protocol/play';
import { playTable, playTotals } from './playTable';

const FILE: PlayFile = {
  ...{ format: 1, created: '2026-01-01T00:00:00.000Z', parley: '0.0.0', game: 'ipd', rules: { rounds: 2 }, seed: 1, seat: 1 },
  opponent: { name: 'ipd-aa@200', player: '/runs/ipd-aa@200' },
  turns: [
    { round: 0, seat: 0, kind: 'action', text: 'A' },
    { round: 0, seat: 1, kind: 'action', observation: 'What do you choose?\n\nA or B.', text: 'B' },
  ],
  ...{ rounds: [], usage: null, rollouts: null },
};
const ASK: PlayAsk = {
  ...{ round: 1, kind: 'action', observation: 'They chose A.\u202e What do you choose?' },
  constraint: { kind: 'choice', choices: ['A', 'B'] },
};

describe('the table of a negotiation with a person', () => {
  it('shows what the person read and said, what the other did, and what is asked', () => {
    const { text, endLine } = playTable(FILE, ASK);
    expect(text).toBe(`Iterated Prisoner's Dilemma against ipd-aa@200
You are Bob, ipd-aa@200 is Alice

Round 1
      ┊ What do you choose?
      ┊ 
      ┊ A or B.
Bob   │ B
Alice │ A

Round 2
      ┊ They chose A.\\u{202e} What do you choose?

Your turn: A or B
`);
    expect(text.split('\n')[endLine]).toBe('Your turn: A or B');
  });

  it('ends with what both got, round by round, and what it cost', () => {
    const ended: PlayFile = {
      ...FILE,
      rounds: [
        {
          actions: [
            { kind: 'choice', choice: 'A' },
            { kind: 'choice', choice: 'B' },
          ],
          rewards: [0, 5],
        },
        {
          actions: [
            { kind: 'choice', choice: 'B' },
            { kind: 'choice', choice: 'B' },
          ],
          rewards: [1, 1],
        },
      ],
      usage: { replies: 2, retries: 1, promptTokens: 2000, completionTokens: 20, cost: 0.0123 },
      rollouts: { file: 'rollouts/000001.parquet', rows: 4, bytes: 1, sha256: 'a'.repeat(64) },
    };
    const { text, endLine } = playTable(ended, null);
    expect(text.split('\n').slice(endLine)).toEqual([
      'Outcome',
      'Alice: ipd-aa@200 · Bob: you',
      'Round 1: A · B, 0 / 5 points',
      'Round 2: B · B, 1 / 1 points',
      'You got 6 points, ipd-aa@200 1',
      '',
      'ipd-aa@200: 2 replies, 1 retry, 2,000 + 20 tokens, $0.0123',
      '',
    ]);
    expect(playTotals(ended)).toEqual({ own: 6, theirs: 1 });
  });

  it('says that it is paused, and of a silent message that nothing was said', () => {
    const silent = { ...FILE, turns: [{ round: 0, seat: 1, kind: 'message', observation: 'Say something.', text: '' } as const] };
    expect(playTable(silent, null).text).toContain('Bob   │ (nothing)\n\nPaused: Play Against Policy goes on\n');
  });
});
