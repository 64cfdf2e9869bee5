import * as z from 'zod';
import { algorithm, gameSettings, runConfig } from '../protocol/runConfig';
import { PRESET_REQUIRES } from './presets';

/** What a preset may say, for the editor's completion and checks in preset files. `resolveConfig` decides; this only helps to write. */
export function presetSchema(): object {
  const settings = runConfig.omit({ game: true, algorithm: true, seed: true }).partial().extend({
    gameSettings: gameSettings.partial().optional(),
    buffer: runConfig.shape.buffer.partial().optional(),
  });
  const preset = settings.extend({
    $schema: z.string().optional(),
    about: z.string().optional().describe('One or two sentences for whoever chooses among presets'),
    game: runConfig.shape.game.optional().describe('The game that it is for; any, unless given'),
    extends: z.string().optional().describe('The preset that it builds on: a name, or a path'),
    requires: z.enum(PRESET_REQUIRES).optional().describe('What whoever takes the preset has to give'),
    algorithms: z.partialRecord(algorithm, settings).optional().describe('What differs by algorithm'),
  });
  return z.toJSONSchema(preset, { target: 'draft-7', io: 'input' });
}
