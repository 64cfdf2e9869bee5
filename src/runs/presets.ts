import { readFileSync } from 'node:fs';
import { isAbsolute, join, resolve, sep } from 'node:path';
import * as z from 'zod';
import { defaultGameSettings, games } from '../domain/games';
import type { Game, GameId } from '../domain/games/game';
import { nearest } from '../domain/nearest';
import { random } from '../domain/random';
import { hasChatOpponent, hasFixedOpponent, isOpponentPath, opponentName } from '../protocol/opponent';
import { type Algorithm, algorithm, gameId, type RunConfig, runConfig } from '../protocol/runConfig';
import { serverRefusal } from '../protocol/serverLimits';
import { firstIssue, isMissing, messageOf } from './problem';

/** Settings or presets that make no run; the message is one line that names the key, where it was set, and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** A JSON object of settings, as written by people: any part of a `RunConfig`. */
export type Settings = { readonly [key: string]: unknown };

/** Settings to lay over a preset, and how to call their source in a message. */
export interface Layer {
  /** `--set`, `parley.overrides`, a file. */
  readonly source: string;
  readonly settings: Settings;
}

/** What a preset is called and says of itself. */
export interface PresetInfo {
  readonly name: string;
  readonly about: string;
  /** What it leaves to whoever takes it. */
  readonly requires?: Requires;
}

/** What a run is resolved from. */
export interface ConfigRequest {
  readonly game: GameId;
  readonly algorithm: Algorithm;
  readonly seed: number;
  /** A name in media/presets/GAME.json, or the path of a JSON file with one preset. */
  readonly preset: string;
  readonly layers: readonly Layer[];
  /** Where an opponent's relative path begins; the process's folder unless given. */
  readonly cwd?: string;
}

/** What a preset leaves to whoever takes it. */
export const PRESET_REQUIRES = ['opponent', 'api opponent'] as const;

/** See `PRESET_REQUIRES`. */
export type Requires = (typeof PRESET_REQUIRES)[number];

interface PresetLayer extends Layer {
  readonly requires?: Requires;
}

const TRUNCATION =
  'training needs each token drawn from the very policy that it trains, and not from its likeliest tokens; parley evaluate draws from those';

/** What other tools sample with and a run cannot be trained with, and why. */
const NOT_TRAINED_WITH: ReadonlyMap<string, string> = new Map(['topP', 'topK', 'top_p', 'top_k'].map((key) => [key, TRUNCATION]));

/** Keys of a preset that are no settings: what it is, the preset it builds on, and what differs by algorithm. */
const notSettings = ['about', 'extends', 'algorithms', '$schema', 'game', 'requires'] as const;

const presetFile = z.strictObject({
  $schema: z.string().optional(),
  game: gameId,
  presets: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** The presets of a game, in the order of their file. @throws ConfigError */
export function listPresets(media: string, game: GameId): PresetInfo[] {
  return Object.entries(readPresets(media, game).presets).map(([name, { about, requires }]) => ({
    name,
    about: String(about ?? ''),
    ...(isRequires(requires) && { requires }),
  }));
}

/**
 * The complete configuration of a run: defaults of the game, then the preset, then what it says of the
 * algorithm, then the layers in order.
 * @throws ConfigError for a key that is misspelt or that the game does not read, and for a value that is out of range.
 */
export function resolveConfig(media: string, request: ConfigRequest): RunConfig {
  const game = games[request.game];
  const presets = presetLayers(media, request);
  const layers: readonly Layer[] = [...presets, ...request.layers];
  let merged: Settings = {};
  for (const { source, settings } of layers) {
    checkKeys(settings, runConfig, source, '');
    checkGameSettings(settings.gameSettings, game, source);
    merged = merge(merged, settings);
  }
  const prompts = (merged.gameSettings as Settings | undefined)?.prompts === 'full' ? 'full' : 'short';
  const fixed = { game: game.id, algorithm: request.algorithm, seed: request.seed };
  const whole = merge(merge({ gameSettings: defaultGameSettings(game.id, prompts) }, merged), fixed);
  const parsed = runConfig.safeParse(whole);
  if (!parsed.success) {
    if (merged.policy === undefined) {
      throw new ConfigError(`preset ${request.preset} names no policy: set policy to a Hugging Face model folder, or to embedded`);
    }
    const path = parsed.error.issues[0]?.path.map(String) ?? [];
    const culprit = layers.findLast(({ settings }) => has(settings, path));
    throw new ConfigError(`${culprit?.source ?? request.preset}: ${firstIssue(parsed.error)}`);
  }
  try {
    game.start(parsed.data.gameSettings, random(0));
  } catch (error) {
    throw new ConfigError(`gameSettings: ${messageOf(error)}`);
  }
  const { opponent } = parsed.data;
  const config = isOpponentPath(opponent) ? { ...parsed.data, opponent: resolve(request.cwd ?? '.', opponent) } : parsed.data;
  const { requires } = presets.findLast((layer) => layer.requires !== undefined) ?? {};
  if (requires !== undefined) refuseMissing(requires, config, request.preset);
  const sourceOf = (...path: string[]): string => layers.findLast(({ settings }) => has(settings, path))?.source ?? request.preset;
  refuseBufferAgainst(config, sourceOf('buffer', 'enabled'));
  refuseUnable(config, sourceOf);
  return config;
}

/** @throws ConfigError where there is an agent buffer, which is the learner's earlier selves, and a fixed opponent besides. */
export function refuseBufferAgainst(config: Pick<RunConfig, 'opponent' | 'buffer'>, source: string): void {
  if (!hasFixedOpponent(config) || !config.buffer.enabled) return;
  throw new ConfigError(
    `${source}: buffer.enabled is for self-play, and the opponent is ${opponentName(config.opponent)}: set buffer.enabled=false, or take the preset best-response`,
  );
}

/** @throws ConfigError naming the first setting that the run's engine cannot do. */
export function refuseUnable(config: RunConfig, sourceOf: (...path: string[]) => string): void {
  const refusal = serverRefusal(config);
  if (refusal !== null) throw new ConfigError(`${sourceOf(...refusal.key.split('.'))}: ${refusal.line}`);
}

function refuseMissing(requires: Requires, config: RunConfig, preset: string): void {
  if (requires === 'api opponent' && !hasChatOpponent(config)) {
    throw new ConfigError(`preset ${preset} trains against a chat endpoint: give the opponent api:NAME`);
  }
  if (requires === 'opponent' && !hasFixedOpponent(config)) {
    throw new ConfigError(
      `preset ${preset} trains against a fixed player: give the opponent, a run folder (or RUN@ITERATION), a checkpoint folder, seed or scripted:NAME`,
    );
  }
}

/** Reads `key=value` pairs, keys with dots for what is nested, values as JSON or else as text. @throws ConfigError */
export function parseAssignments(assignments: readonly string[], source: string): Layer {
  let settings: Settings = {};
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    if (at < 1) throw new ConfigError(`${source} ${assignment}: write key=value, such as ${source} learningRate=0.0005`);
    const value = literal(assignment.slice(at + 1));
    const nested = assignment
      .slice(0, at)
      .split('.')
      .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    settings = merge(settings, nested as Settings);
  }
  return { source, settings };
}

function literal(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function presetLayers(media: string, { game, preset, algorithm: chosen }: ConfigRequest, seen: readonly string[] = []): PresetLayer[] {
  if (seen.includes(preset)) throw new ConfigError(`preset ${preset} extends itself: ${[...seen, preset].join(' → ')}`);
  const { source, body } = findPreset(media, game, preset);
  const settings = Object.fromEntries(Object.entries(body).filter(([key]) => !(notSettings as readonly string[]).includes(key)));
  const byAlgorithm = body.algorithms ?? {};
  if (!isSettings(byAlgorithm)) throw new ConfigError(`${source}: algorithms must be an object of settings by algorithm`);
  for (const name of Object.keys(byAlgorithm)) {
    if (!algorithm.safeParse(name).success)
      throw new ConfigError(`${source}: algorithms.${name} is no algorithm${hint(name, algorithm.options)}`);
  }
  const own = byAlgorithm[chosen] ?? {};
  if (!isSettings(own)) throw new ConfigError(`${source}: algorithms.${chosen} must be an object of settings`);
  const { requires } = body;
  if (requires !== undefined && !isRequires(requires)) {
    throw new ConfigError(`${source}: requires must be ${PRESET_REQUIRES.map((each) => `"${each}"`).join(' or ')}`);
  }
  const base = body.extends;
  if (base !== undefined && typeof base !== 'string') throw new ConfigError(`${source}: extends must be the name of a preset`);
  return [
    ...(base === undefined ? [] : presetLayers(media, { game, preset: base, algorithm: chosen, seed: 0, layers: [] }, [...seen, preset])),
    { source, settings, ...(requires !== undefined && { requires }) },
    { source: `${source}, algorithms.${chosen}`, settings: own },
  ];
}

function isRequires(value: unknown): value is Requires {
  return (PRESET_REQUIRES as readonly unknown[]).includes(value);
}

function findPreset(media: string, game: GameId, preset: string): { readonly source: string; readonly body: Settings } {
  if (preset.endsWith('.json') || isAbsolute(preset) || preset.includes(sep)) {
    const body = readJson(resolve(preset));
    if (!isSettings(body)) throw new ConfigError(`${preset}: a preset is a JSON object of settings`);
    if (body.game !== undefined && body.game !== game) {
      throw new ConfigError(`${preset} is a preset of ${String(body.game)}, and the run plays ${game}`);
    }
    return { source: preset, body };
  }
  const { presets } = readPresets(media, game);
  const body = presets[preset];
  if (body === undefined) throw new ConfigError(`no preset "${preset}" for ${game}${hint(preset, Object.keys(presets))}`);
  return { source: `preset ${preset}`, body };
}

function readPresets(media: string, game: GameId): z.infer<typeof presetFile> {
  const path = join(media, 'presets', `${game}.json`);
  const parsed = presetFile.safeParse(readJson(path));
  if (!parsed.success) throw new ConfigError(`${path}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(isMissing(error) ? `${path}: no such preset file` : `${path} is not a JSON file (${messageOf(error)}): mend it`);
  }
}

/** Refuses keys that a schema does not have, at any depth, by the nearest that it has. */
function checkKeys(settings: Settings, schema: z.ZodType, source: string, prefix: string): void {
  const known = childSchemas(schema);
  const chosenAtStart = prefix === '' ? ['game', 'algorithm', 'seed'] : [];
  for (const [key, value] of Object.entries(settings)) {
    const path = prefix + key;
    const child = known.get(key);
    if (child === undefined) {
      const why = NOT_TRAINED_WITH.get(path);
      if (why !== undefined) throw new ConfigError(`${source}: ${path} is no setting of a run: ${why}`);
      const names = [...known.keys()].filter((name) => !chosenAtStart.includes(name));
      const near = nearest(key, names);
      throw new ConfigError(`${source}: there is no setting "${path}"${near ? `; did you mean ${prefix}${near}?` : list(names, prefix)}`);
    }
    if (chosenAtStart.includes(key)) {
      throw new ConfigError(`${source}: ${key} is chosen when the run is started, not set`);
    }
    if (isSettings(value) && childSchemas(child).size > 0) checkKeys(value, child, source, `${path}.`);
  }
}

/** The keys that an object schema, or any option of a union of them, knows. */
function childSchemas(schema: z.ZodType): Map<string, z.ZodType> {
  if (schema instanceof z.ZodObject) return new Map(Object.entries(schema.shape as Record<string, z.ZodType>));
  if (schema instanceof z.ZodUnion) return new Map((schema.options as z.ZodType[]).flatMap((option) => [...childSchemas(option)]));
  return new Map();
}

function checkGameSettings(settings: unknown, game: Game, source: string): void {
  if (!isSettings(settings)) return;
  const read = ['rounds', 'prompts', ...game.settingNames];
  for (const key of Object.keys(settings)) {
    if (!read.includes(key)) throw new ConfigError(`${source}: ${game.id} does not read gameSettings.${key}${list(read, 'gameSettings.')}`);
  }
}

/** Lays one object of settings over another. A value of another `kind` replaces the whole object: its other keys mean nothing to it. */
function merge(below: Settings, above: Settings): Settings {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = result[key];
    const mergeable = isSettings(value) && isSettings(under) && (value.kind === undefined || value.kind === under.kind);
    result[key] = mergeable ? merge(under, value) : value;
  }
  return result;
}

function has(settings: unknown, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  // A list is set as a whole.
  if (first === undefined || Array.isArray(settings)) return true;
  return isSettings(settings) && Object.hasOwn(settings, first) && has(settings[first], rest);
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hint(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near ? `; did you mean ${near}?` : list(candidates, '');
}

function list(names: Iterable<string>, prefix: string): string {
  return `; there are ${[...names].map((name) => prefix + name).join(', ')}`;
}
