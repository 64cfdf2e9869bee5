import * as z from 'zod';
import { goldenCase } from '../domain/advantage';
import { messageOf } from '../runs/problem';
import type { Command } from './command';
import { readStandardInput } from './standardInput';

const rows = z.array(z.array(z.number()));

const cases = z.array(
  z.looseObject({
    gamma: z.number(),
    beta: z.number(),
    kLessThanT: z.boolean(),
    rewardScale: z.number().positive(),
    groupSize: z.int().positive(),
    rewards: z.tuple([rows, rows]),
  }),
);

/** `parley advantages`: credits of rewards on stdin, by the functions that the trainer uses. */
export const advantagesCommand: Command = {
  name: 'advantages',
  summary: 'returns, advantages and credits of rewards on stdin',
  about: `
Reads a JSON array of cases on stdin and prints an array of the same length, computed by the very functions that the trainer
uses. A case has gamma, beta, kLessThanT (true: aa, w over k < t; false: aa-jit, k ≤ t), rewardScale, groupSize (negotiations
come in consecutive groups of this many; 1: the baseline is over the whole batch) and rewards[agent][negotiation][round].
Each answer repeats its case and adds returns, advantages, alignment (β·w·A²), credits, and sumCredits (sum of rewards).`,
  positionals: [],
  options: [],
  examples: [
    [
      `echo '[{"gamma":0.9,"beta":0.5,"kLessThanT":true,"rewardScale":5,"groupSize":2,"rewards":[[[3,3],[0,5]],[[3,3],[5,0]]]}]' | parley advantages`,
      'two negotiations of two rounds in one group',
    ],
  ],
  run: async (_args, terminal) => {
    const given = await readStandardInput(terminal, cases, 'an array of cases');
    const answers = given.map((each, i) => {
      try {
        return { ...each, ...goldenCase(each) };
      } catch (error) {
        throw new Error(`case ${i}: ${messageOf(error)}`);
      }
    });
    terminal.out(`${JSON.stringify(answers)}\n`);
    return 0;
  },
};
