import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GAME_IDS } from '../domain/games/index';
import { offeredGames, offeredPresets } from './offers';

const media = join(__dirname, '../../media');

describe('offers', () => {
  it('are games that the embedded policies speak, which are all, and none where it is not installed', () => {
    expect(offeredGames(media, 'embedded')).toEqual(GAME_IDS);
    expect(offeredGames(join(media, 'nowhere'), 'embedded')).toEqual([]);
  });

  it('are presets that make a whole run with the policy, the default first', () => {
    const [first, ...others] = offeredPresets(media, 'ipd', 'aa', 'embedded');
    expect(first).toMatchObject({ name: 'embedded', config: { policy: 'embedded', game: 'ipd', algorithm: 'aa', iterations: 200 } });
    expect(others.map(({ name }) => name)).not.toContain('paper');
    expect(others.map(({ name, requires }) => [name, requires])).toEqual([
      ['best-response', 'opponent'],
      ['against-api', 'api opponent'],
    ]);
    const paper = offeredPresets(media, 'ipd', 'aa', '/models/qwen').find(({ name }) => name === 'paper');
    expect(paper?.config).toMatchObject({ policy: '/models/qwen', gameSettings: { prompts: 'full' } });
  });
});
