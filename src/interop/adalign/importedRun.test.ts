import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { journalLine, runFile } from '../../protocol/runFiles';
import { importedDetails, importedRunFile, proposeSettings, readIterations } from './index';

const FIXTURES = join(__dirname, '../../../test/fixtures/adalign');
const NAME = {
  id: 'x',
  name: 'Imported',
  created: '2026-01-31T12:00:00.000Z',
  parley: '0.1.0',
  from: { format: 'adalign', folder: '/outputs/ipd', seed: 0 },
} as const;

describe('an imported run', () => {
  it.each([
    ['ipd', 'ipd', 6, 0],
    ['split', 'split', 4, 0],
    ['tas', 'trust-and-split', 4, 1],
  ] as const)('%s has a run.json and journal lines of ours', async (folder, game, rounds, messagesPerRound) => {
    const { settings } = await proposeSettings(join(FIXTURES, folder), game);
    for await (const iteration of readIterations(join(FIXTURES, folder), settings)) {
      const file = importedRunFile(NAME, iteration, settings);
      expect(runFile.parse(file)).toEqual(file);
      expect(file.config).toMatchObject({
        game,
        gameSettings: { rounds, messagesPerRound },
        negotiations: 2,
        groupSize: 2,
        beta: settings.beta,
      });
      const details = importedDetails(iteration);
      const line = {
        type: 'iteration',
        iteration: iteration.iteration,
        time: NAME.created,
        seconds: 0,
        ...details,
        state: { folder: 'state', files: {} },
      };
      expect(journalLine.parse(line)).toEqual(line);
      expect(details.measures!.meanReward![0]).toBeCloseTo((iteration.summaries.reward[0][0]! + iteration.summaries.reward[0][1]!) / 2, 9);
    }
  });

  it('of an unknown game is refused by name', async () => {
    const { settings } = await proposeSettings('', 'ipd');
    for await (const iteration of readIterations(join(FIXTURES, 'ipd'), settings)) {
      expect(() => importedRunFile(NAME, { ...iteration, game: undefined }, settings)).toThrow(/iteration_000 is of a game/);
      break;
    }
  });
});
