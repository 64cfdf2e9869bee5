import { describe, expect, it } from 'vitest';
import { readFailure, readReply, withoutReasoning } from './reply';

describe('withoutReasoning', () => {
  it.each([
    ['A', 'A', ''],
    ['<think>they may defect</think>\n\nB', 'B', 'they may defect'],
    ['hmm, B is safer\n</think>\nB', 'B', 'hmm, B is safer'],
    ['<think>this takes long and is cut', '', 'this takes long and is cut'],
    ['<think></think>A', 'A', ''],
    ['<think>one</think>A <thinking>two</thinking>', 'A', 'one\ntwo'],
    ['2 < 3 and <b>bold</b>', '2 < 3 and <b>bold</b>', ''],
  ])('%j is %j, thought %j', (content, text, reasoning) => {
    expect(withoutReasoning(content)).toEqual({ text, reasoning });
  });
});

describe('readReply', () => {
  const reply = (message: object, more: object = {}) => readReply({ choices: [{ message, ...more }] });

  it('reads text, parts, refusals and reasoning in its several forms', () => {
    expect(reply({ content: ' B ' })).toMatchObject({ text: 'B' });
    expect(
      reply({
        content: [
          { type: 'thinking', thinking: [] },
          { type: 'text', text: 'B' },
        ],
      }),
    ).toMatchObject({ text: 'B' });
    expect(reply({ content: null, refusal: 'no' })).toMatchObject({ text: 'no' });
    expect(reply({ content: 'B', reasoning_content: 'x' })).toMatchObject({ text: 'B', reasoning: 'x' });
    expect(reply({ content: '<think>y</think>B', reasoning: 'x' })).toMatchObject({ text: 'B', reasoning: 'x\ny' });
    expect(reply({ content: 'B' }, { finish_reason: 'length' })).toMatchObject({ cutOff: true, tokens: null });
  });

  it('says what is wrong with what is no reply', () => {
    expect(readReply(undefined)).toMatch(/^the reply: /);
    expect(readReply({ choices: [{ message: { content: 7 } }] })).toMatch(/^choices\.0\.message\.content: /);
  });
});

describe('readFailure', () => {
  it.each([
    [{ error: { message: 'm', code: 'c', type: 't' } }, { message: 'm', code: 'c' }],
    [{ error: { message: 'm', code: null, type: 't' } }, { message: 'm', code: 't' }],
    [{ error: 'm' }, { message: 'm', code: '' }],
    [
      { object: 'error', message: 'm', code: 400 },
      { message: 'm', code: '400' },
    ],
    [{ detail: 'm' }, { message: 'm', code: '' }],
    [{ choices: [] }, null],
    [undefined, null],
  ])('%j', (json, failure) => {
    expect(readFailure(json)).toEqual(failure);
  });
});
