import { describe, expect, it } from 'vitest';
import { nearest } from './nearest';

const names = ['learningRate', 'gamma', 'beta', 'groupSize', 'iterations'];

describe('nearest', () => {
  it.each([
    ['learningrate', 'learningRate'],
    ['learning_rate', 'learningRate'],
    ['learnign-rate', 'learningRate'],
    ['gama', 'gamma'],
    ['bate', 'beta'],
    ['iteration', 'iterations'],
  ])('%s means %s', (word, meant) => expect(nearest(word, names)).toBe(meant));

  it('guesses nothing for what is like none of them', () => {
    expect(nearest('temperature', names)).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});
