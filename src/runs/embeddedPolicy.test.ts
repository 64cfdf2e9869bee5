import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GAME_IDS } from '../domain/games/index';
import { sha256 } from './durableFile';
import { EMBEDDED_POLICIES, embeddedGames, embeddedPolicy, isEmbeddedPolicy } from './embeddedPolicy';
import { mediaFolder } from './media';

const media = mediaFolder(__dirname);

describe('embedded policies', () => {
  it('are there for every game, and are offered for all of them', () => {
    for (const game of GAME_IDS) expect(existsSync(join(embeddedPolicy(media, game), 'model.safetensors'))).toBe(true);
    expect(embeddedGames(media)).toEqual(GAME_IDS);
  });

  it('each have a card that is theirs, and take little room together', () => {
    const folders = [...new Set(Object.values(EMBEDDED_POLICIES))].map((name) => join(media, 'policies', name));
    for (const folder of folders) {
      const card = readFileSync(join(folder, 'README.md'), 'utf8');
      expect(card).toContain(`SHA-256 of model.safetensors: \`${sha256(readFileSync(join(folder, 'model.safetensors')))}\``);
      const { games } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).parley;
      for (const game of games) expect(card).toMatch(new RegExp(`^\\| ${game} \\| unmasked turns that are valid .* passed \\|$`, 'm'));
    }
    const bytes = folders.map((folder) => statSync(join(folder, 'model.safetensors')).size).reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeLessThan(6e6);
  });

  it('are offered for nothing where they are missing', () => {
    expect(embeddedGames(join(media, 'nowhere'))).toEqual([]);
  });

  it('are told by their path, on whatever machine it was written', () => {
    expect(isEmbeddedPolicy('/elsewhere/media/policies/seed')).toBe(true);
    expect(isEmbeddedPolicy('/elsewhere/media/policies/seed-deal')).toBe(true);
    expect(isEmbeddedPolicy('C:\\x\\media\\policies\\seed-sharing\\')).toBe(true);
    expect(isEmbeddedPolicy('/models/seed')).toBe(false);
    expect(isEmbeddedPolicy('/media/policies/other')).toBe(false);
  });
});
