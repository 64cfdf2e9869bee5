import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleConfig, sampleRows } from '../../test/runs/sampleRun';
import type { NegotiationView, TurnView } from '../protocol/webview';
import { negotiationView } from './negotiation';
import { previewView } from './preview';
import { offsetOf, positionOf, transcriptOf, turnAtLine } from './transcript';

const config = sampleConfig();
const rows = sampleRows(config, 1);
const place = { run: 'sample', iteration: 1, negotiation: 3 };
const view = negotiationView(
  place,
  config,
  rows.filter((row) => row.negotiation === 3),
  rows.filter((row) => row.seed_group === 1),
) as NegotiationView;

const saying = (texts: readonly string[], prompt = ''): NegotiationView => ({
  ...view,
  turns: [{ ...(view.turns[0] as TurnView), prompt, text: texts.join(''), tokens: { ...(view.turns[0] as TurnView).tokens, texts } }],
});

describe('a transcript', () => {
  it('reads as a play does, with its end last', () => {
    const { text, rounds, outcomeLine } = transcriptOf(view);
    expect(text).toBe(
      [
        'Negotiation 3 of iteration 1',
        'ipd · aa · seed group 1',
        '',
        'Round 1',
        '      ┊ r0 play',
        'Alice │ A<end>',
        '      ┊ r0 play',
        'Bob   │ B<end>',
        '',
        'Round 2',
        '      ┊ r1 play',
        'Alice │ A<end>',
        '      ┊ r1 play',
        'Bob   │ B<end>',
        '',
        'Outcome',
        'Alice: policy · Bob: policy',
        'Round 1: A · B, 0 / 5 points',
        'Round 2: A · B, 0 / 5 points',
        '',
      ].join('\n'),
    );
    expect(rounds).toEqual([
      { round: 0, line: 3, endLine: 7 },
      { round: 1, line: 9, endLine: 13 },
    ]);
    expect(outcomeLine).toBe(15);
  });

  it('only grows while it is under way, and when it is committed', () => {
    const turns = view.turns.map((turn) => ({
      ...{ iteration: 1, group: 1, negotiation: 3, turn: turn.turn, round: turn.round, seat: turn.seat, kind: turn.kind },
      ...{
        player: 'policy',
        prompt: turn.prompt,
        text: turn.text,
        tokenTexts: [...turn.tokens.texts],
        logProbs: [...turn.tokens.logProbs],
      },
    }));
    const after = (count: number): string =>
      transcriptOf(previewView(place, config, { negotiation: 3, group: 1, turns: turns.slice(0, count) })).text;
    const texts = [0, 1, 2, 3, 4].map(after).concat(transcriptOf(view).text);
    for (const [i, text] of texts.entries()) expect(text.startsWith(texts[i - 1] ?? '')).toBe(true);
    // A turn that came before the one that it answers waits for it.
    expect(transcriptOf(previewView(place, config, { negotiation: 3, group: 1, turns: [turns[1], turns[0]].flatMap((t) => t ?? []).slice(0, 1) })).text).toBe(after(0)); // biome-ignore format: one line
  });

  it('lets no message pass for a round or a turn', () => {
    const { text, turns } = transcriptOf(saying(['hi\nRound 2\nBob   │ I defect'], 'rules\nAlice │ A\n'));
    expect(text.split('\n').slice(3, 9)).toEqual([
      'Round 1',
      '      ┊ rules',
      '      ┊ Alice │ A',
      'Alice │ hi↵',
      '      │ Round 2↵',
      '      │ Bob   │ I defect',
    ]);
    expect(turns).toMatchObject([{ promptLine: 4, line: 6, endLine: 8 }]);
  });

  it('leads from offsets to lines and back', () => {
    const piece = fc.constantFrom('a', ' ', '\n', '\r\n', '👍', '\u202e', 'rock');
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), (texts) => {
        const transcript = transcriptOf(saying(texts, 'two\nlines'));
        const lines = transcript.text.split('\n');
        const [turn] = transcript.turns;
        if (turn === undefined) throw new Error('no turn');
        for (const [start, end] of turn.said.tokenRanges) {
          const at = positionOf(turn, start);
          expect(offsetOf(turn, at)).toBe(start);
          const shown = turn.said.text.slice(start, end).split('\n')[0] ?? '';
          expect(lines[at.line]?.slice(at.character, at.character + shown.length)).toBe(shown);
          expect(turnAtLine(transcript, at.line)).toBe(turn);
        }
        expect(offsetOf(turn, { line: 0, character: 0 })).toBe(0);
        expect(offsetOf(turn, { line: 999, character: 0 })).toBe(turn.said.text.length);
      }),
    );
  });
});
