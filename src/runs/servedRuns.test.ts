import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from './presets';
import { ServedRuns } from './servedRuns';

const url = 'http://127.0.0.1:8000';
const config = (baseUrl: string | null) =>
  resolveConfig(join(__dirname, '../../media'), {
    ...{ game: 'ipd', algorithm: 'rl', seed: 0, preset: 'embedded' },
    layers: [
      {
        source: 'test',
        settings: baseUrl === null ? {} : { decoding: 'free', engine: { kind: 'tinker', baseUrl, baseModel: 'm', normalisation: 'sum' } },
      },
    ],
  });

describe('a server that we started', () => {
  it('is over once its runs have ended and none waits, and not before the first', () => {
    const runs = new ServedRuns();
    const ask = (training: (string | null)[], waiting = 0, at: string | null = url): boolean =>
      runs.isOver({ url: at, training: training.map(config), waiting });
    expect(ask([])).toBe(false);
    expect(ask([null, 'http://127.0.0.1:9000'])).toBe(false);
    expect(ask([`${url}/api/v1`])).toBe(false);
    expect(ask([], 1)).toBe(false);
    expect(ask([])).toBe(true);
    expect(ask([])).toBe(false);
  });

  it('that is gone has served nobody', () => {
    const runs = new ServedRuns();
    const training = [config(url)];
    expect(runs.isOver({ url, training, waiting: 0 })).toBe(false);
    expect(runs.isOver({ url: null, training: [], waiting: 0 })).toBe(false);
    expect(runs.isOver({ url, training: [], waiting: 0 })).toBe(false);
  });
});
