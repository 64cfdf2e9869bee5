import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GAME_IDS } from '../domain/games/index';
import { embeddedGames, embeddedPolicy, isEmbeddedPolicy } from './embeddedPolicy';
import { mediaFolder } from './media';

const media = mediaFolder(__dirname);

describe('embedded policies', () => {
  it('are there for every game, and say which they are offered for', () => {
    for (const game of GAME_IDS) expect(existsSync(join(embeddedPolicy(media, game), 'model.safetensors'))).toBe(true);
    expect(embeddedGames(media)).toEqual(expect.arrayContaining(['ipd', 'split', 'trust-and-split']));
  });

  it('are offered for nothing where they are missing', () => {
    expect(embeddedGames(join(media, 'nowhere'))).toEqual([]);
  });

  it('are told by their path, on whatever machine it was written', () => {
    expect(isEmbeddedPolicy('/elsewhere/media/policies/seed')).toBe(true);
    expect(isEmbeddedPolicy('C:\\x\\media\\policies\\seed-sharing\\')).toBe(true);
    expect(isEmbeddedPolicy('/models/seed')).toBe(false);
    expect(isEmbeddedPolicy('/media/policies/other')).toBe(false);
  });
});
