import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTokenwise, spelledTexts, TokenwiseError, tokenwiseName } from './tokenwise';

const HEAD = 'timestep,context,next_token,next_token_credit,next_token_log_prob,engine_next_token_log_prob,next_token_prob';
const read = (text: string) => readTokenwise(Buffer.from(text));

describe('token-wise logs', () => {
  it('are named after negotiation and agent', () => {
    expect(tokenwiseName(2, 'Alice')).toBe('mgid_2_agent_id_Alice_tokenwise.csv');
    expect(tokenwiseName(2, 'a b/c')).toBe('mgid_2_agent_id_a_b_c_tokenwise.csv');
  });

  it('are read by column name, quotes, commas and line ends within fields', () => {
    const log = read(`${HEAD}\n6,"['', 'a, ""b""']",",",0.5,-1.0,-1.25,0.1\r\n7,"[]","a\n""b""",,-2,-2,0.1\n`);
    expect(log).toEqual({
      timesteps: [6, 7],
      tokens: [',', 'a\n"b"'],
      credits: [0.5, Number.NaN],
      logProbs: [-1, -2],
      engineLogProbs: [-1.25, -2],
    });
    expect(read(HEAD).timesteps).toEqual([]);
  });

  it('are refused when they are something else', () => {
    expect(() => read('a,b\n1,2\n')).toThrow(/no column timestep/);
    expect(() => read('')).toThrow(TokenwiseError);
    expect(() => read(`${HEAD}\n6,"[`)).toThrow(/a quote is not closed/);
    expect(() => read(`${HEAD}\n6,x,a,0.5\n`)).toThrow(/4 fields in line 2, and 7 columns/);
    expect(() => read(`${HEAD}\n6,x,a,0,0,0,0,0\n`)).toThrow(/more fields/);
    expect(() => read(`${HEAD}\n6,x,a,zero,0,0,0\n`)).toThrow(/"zero" for next_token_credit in line 2/);
    expect(() => read(`${HEAD}\n6,x,a,0,0,0,0\n6,x,a,0,0,0,0\n`)).toThrow(/timestep "6" in line 3/);
  });

  it('never throw anything else, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((s) => Buffer.from(`${HEAD}\n${s}`)),
        ),
        (bytes) => {
          try {
            readTokenwise(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(TokenwiseError);
          }
        },
      ),
    );
  });
});

describe('token spellings', () => {
  it('become text when they spell what was said', () => {
    expect(spelledTexts(['I', 'Ġhold', 'Ċ', '<|im_end|>'], 'I hold\n')).toEqual(['I', ' hold', '\n', '<|im_end|>']);
    expect(spelledTexts(['▁I', '▁hold'], 'I hold')).toEqual(['I', ' hold']);
    expect(spelledTexts(['a', '<0xC3>', '<0xA9>'], 'aé')).toEqual(['a', '', 'é']);
    expect(spelledTexts(['Ã', '©', 'x'], 'éx')).toEqual(['', 'é', 'x']);
    expect(spelledTexts(['Ġt1', 'Ġt2'], 'something else')).toBeUndefined();
  });
});
