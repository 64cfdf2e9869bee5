import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultGameSettings, games } from '../../domain/games';
import type { GameId, GameSettings } from '../../domain/games/game';
import type { Random } from '../../domain/random';
import { ChatClient } from '../../engine/chat-api/client';
import type { Clock } from '../../engine/chat-api/clock';
import type { Engine } from '../../engine/engine';
import type { ChatEndpoint } from '../../protocol/chatEndpoints';
import type { PlaySampling } from '../../protocol/matchups';
import { sha256 } from '../../runs/durableFile';
import { EMBEDDED_POLICY, policyFolder } from '../environment';
import type { Player, PolicyPlayer } from './player';
import { PlayerError } from './playerError';
import { refuseUncopied } from './servedPolicy';
import type { PlayerSpec } from './spec';

/** What players need from outside. */
export interface PlayerServices {
  readonly game: GameId;
  /** Settings that every player plays under; see `sharedRules`. */
  readonly rules: Partial<GameSettings>;
  /** The folder that holds the embedded policy. */
  readonly media: string;
  /** How policies draw their tokens, over how each was trained to. */
  readonly sampling?: PlaySampling;
  /** Opens the engine of a base model's folder; each is asked for once. */
  openEngine(model: string): Promise<Engine>;
  /** Engines that are open already, by their model's folder. They are somebody else's to close. */
  readonly opened?: ReadonlyMap<string, Engine>;
  /** The key of an endpoint; undefined sends none. */
  keyOf(name: string, endpoint: ChatEndpoint): string | undefined;
  /** The jitter of chat clients is drawn from it. */
  readonly random: Random;
  readonly clock?: Clock;
}

/** Players that are ready to play, in the order of their specs. */
export interface OpenPlayers {
  readonly players: readonly Player[];
  /** What somebody should know before believing a number. */
  readonly warnings: readonly string[];
  /** Closes the engines. */
  dispose(): Promise<void>;
}

type PolicySpec = Extract<PlayerSpec, { kind: 'policy' }>;

/** Times that a chat player is asked again for an action that does not parse. */
const CHAT_RETRIES = 3;

/** A vocabulary this small is that of the games' short prompts; no chat model has one. */
const WORD_VOCABULARY = 1000;

/** Loads policies, each base model once, and opens chat clients. @throws PlayerError and what engines throw; nothing stays open then. */
export async function openPlayers(specs: readonly PlayerSpec[], services: PlayerServices): Promise<OpenPlayers> {
  const engines = new Map(services.opened);
  const dispose = async (): Promise<void> => {
    for (const [model, engine] of engines) if (!services.opened?.has(model)) await engine.dispose();
  };
  try {
    const players: Player[] = [];
    for (const spec of specs) players.push(await open(spec, services, engines));
    return { players, warnings: specs.flatMap((spec) => warningOf(spec, services.game)), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * The rules that all of the players know the game by: rounds, payoffs, messages a round. They are those that the runs
 * among them were trained under, else the game's own.
 * @throws PlayerError where two runs were trained under different ones and nobody says which to play.
 */
export function sharedRules(game: GameId, specs: readonly PlayerSpec[], given: Partial<GameSettings>): Partial<GameSettings> {
  const trained = specs.filter((spec): spec is PolicySpec => spec.kind === 'policy' && spec.source.run?.config.game === game);
  const rules: Partial<Record<keyof GameSettings, unknown>> = {};
  for (const key of rulesOf(game)) {
    const values = trained.map((spec) => [spec.name, spec.source.run!.config.gameSettings[key]] as const);
    const [first] = values;
    const differing = values.find(([, value]) => JSON.stringify(value) !== JSON.stringify(first?.[1]));
    if (differing && first && given[key] === undefined) {
      throw new PlayerError(
        `${first[0]} was trained with ${key} ${JSON.stringify(first[1])}, ${differing[0]} with ${JSON.stringify(differing[1])}: say which to play with --set ${key}=…`,
      );
    }
    rules[key] = given[key] ?? first?.[1] ?? defaultGameSettings(game)[key];
  }
  return { ...(rules as Partial<GameSettings>), ...given };
}

/** The settings that are rules of a game rather than wording: all players must share them. */
export function rulesOf(game: GameId): (keyof GameSettings)[] {
  const read = ['rounds', ...games[game].settingNames];
  return (['rounds', 'payoffs', 'messagesPerRound'] as const).filter((each) => read.includes(each));
}

async function open(spec: PlayerSpec, services: PlayerServices, engines: Map<string, Engine>): Promise<Player> {
  switch (spec.kind) {
    case 'scripted':
      return spec;
    case 'chat': {
      const { endpoint } = spec;
      const short = spec.name.replace(/^api:/, '');
      const { game, rules, random, clock } = services;
      const client = new ChatClient({
        name: short,
        endpoint,
        key: services.keyOf(short, endpoint),
        random: random.fork('chat', short),
        ...(clock && { clock }),
      });
      return { kind: 'chat', name: spec.name, settings: { ...defaultGameSettings(game, 'full'), ...rules }, client, retries: CHAT_RETRIES };
    }
    case 'policy':
      return openPolicy(spec, services, engines);
  }
}

async function openPolicy({ name, source }: PolicySpec, services: PlayerServices, engines: Map<string, Engine>): Promise<PolicyPlayer> {
  const { model, checkpoint, run } = source;
  const folder = policyFolder(services.media, { policy: model, game: run?.config.game ?? services.game });
  if (!existsSync(join(folder, 'config.json'))) {
    throw new PlayerError(`${name}: its base model ${folder} is not on this machine (no config.json): put it there`);
  }
  // The engine of a run that trains on the same server has them.
  if (!engines.has(folder)) await refuseUncopied(name, source);
  const engine = engines.get(folder) ?? (await services.openEngine(folder));
  engines.set(folder, engine);
  const { game, rules } = services;
  const { decoding, retries, temperature } = run?.config ?? { decoding: 'masked', retries: 0, temperature: 1 };
  const trained = run?.config.game === game ? run.config.gameSettings : undefined;
  const prompts = run?.config.gameSettings.prompts ?? (await promptsOf(model, folder));
  return {
    kind: 'policy',
    name,
    settings: { ...(trained ?? defaultGameSettings(game, prompts)), ...rules },
    engine,
    policy: checkpoint === null ? engine.base : await engine.loadPolicy(checkpoint, name),
    speech: { decoding, retries, ...services.sampling, temperature: services.sampling?.temperature ?? temperature },
    ...(run && { klOver: run.config.klOver }),
    ...(source.files && { weights: sha256(JSON.stringify(Object.entries(source.files).sort())) }),
  };
}

async function promptsOf(model: string, folder: string): Promise<GameSettings['prompts']> {
  if (model === EMBEDDED_POLICY) return 'short';
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { readonly vocab_size?: unknown };
  return typeof config.vocab_size === 'number' && config.vocab_size < WORD_VOCABULARY ? 'short' : 'full';
}

function warningOf(spec: PlayerSpec, game: GameId): string[] {
  const trainedOn = spec.kind === 'policy' ? spec.source.run?.config.game : undefined;
  return trainedOn === undefined || trainedOn === game ? [] : [`${spec.name} was trained on ${trainedOn}, not on ${game}`];
}
