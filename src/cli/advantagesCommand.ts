import * as z from 'zod';
import { goldenCase } from '../domain/advantage';
import { firstIssue, messageOf } from '../runs/problem';
import type { Command } from './command';

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
    let json: unknown;
    try {
      json = JSON.parse(await terminal.readAll());
    } catch (error) {
      terminal.err(`parley advantages: stdin is not JSON (${messageOf(error)}); give an array of cases, as --help describes\n`);
      return 1;
    }
    const parsed = cases.safeParse(json);
    if (!parsed.success) {
      terminal.err(
        `parley advantages: ${Array.isArray(json) ? `case ${firstIssue(parsed.error)}` : 'stdin is no array of cases; --help describes them'}\n`,
      );
      return 1;
    }
    const answers = parsed.data.map((each, i) => {
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
