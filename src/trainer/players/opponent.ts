import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GameSettings } from '../../domain/games/game';
import { random } from '../../domain/random';
import type { Engine, Learner } from '../../engine/engine';
import { opponentName } from '../../protocol/opponent';
import type { RunConfig } from '../../protocol/runConfig';
import type { OpponentFile, RunFile } from '../../protocol/runFiles';
import type { TrainParams } from '../../protocol/trainer';
import { sha256, sha256OfFile } from '../../runs/durableFile';
import { messageOf } from '../../runs/problem';
import { policyFolder } from '../environment';
import { ResumeError } from '../resume';
import { openPlayers, rulesOf } from './openPlayers';
import type { Player, PolicyPlayer } from './player';
import { PlayerError } from './playerError';
import { type PlayerSpec, readPlayer } from './spec';

/** A fixed opponent that was looked up, but not opened. */
export interface OpponentSpec {
  readonly spec: PlayerSpec;
  /** As run.json keeps it: a run is pinned to its iteration, so that training on does not change who is met. */
  readonly pinned: string;
}

/** A fixed opponent that is ready to play. */
export interface Opponent {
  readonly player: Player;
  /** Settings that the learner and it share: the rules of the game. */
  readonly rules: Partial<GameSettings>;
  readonly identity: OpponentFile;
  /** What somebody should know before believing a number. */
  readonly warnings: readonly string[];
  /** Closes what it opened; the learner's engine stays. */
  dispose(): Promise<void>;
}

/** What an opponent is opened with. */
export interface OpponentServices {
  readonly config: RunConfig;
  readonly params: TrainParams;
  readonly media: string;
  /** The learner's engine. An opponent of the same base model speaks on it, in the same batches where it speaks alike. */
  readonly engine: Engine;
  /** Opens the engine of another base model. */
  openEngine(model: string): Promise<Engine>;
}

/** Files of a policy's folder that decide how it plays. */
const PLAYS = /^(?!optimizer\.).*\.safetensors$|^adapter_config\.json$|^server_sampler\.json$/;

/** What a chat endpoint is reached by. */
export type Reach = Pick<TrainParams, 'apis' | 'keys'>;

/** Finds out who the opponent of a configuration is, before any model is loaded. @throws PlayerError */
export async function findOpponent({ game, opponent }: Pick<RunConfig, 'game' | 'opponent'>, reach: Reach): Promise<OpponentSpec> {
  const spec = await readPlayer(opponent, { game, apis: reach.apis ?? {}, cwd: process.cwd() });
  if (spec.kind === 'chat') {
    const { keyVariable } = spec.endpoint;
    if (keyVariable !== undefined && keyOf(reach, spec.name.replace(/^api:/, ''), keyVariable) === undefined) {
      throw new PlayerError(`${spec.name}: ${keyVariable} is not set: put its key there`);
    }
  }
  if (spec.kind !== 'policy') return { spec, pinned: opponent };
  const { run, checkpoint, model } = spec.source;
  const pinned = run ? `${run.folder}@${run.iteration}` : opponent === 'seed' ? opponent : (checkpoint ?? model);
  return { spec: { ...spec, name: opponentName(pinned) }, pinned };
}

/** Opens a fixed opponent. @throws PlayerError and what engines throw; nothing stays open then. */
export async function openOpponent({ spec }: OpponentSpec, services: OpponentServices): Promise<Opponent> {
  const { config, params, media, engine } = services;
  const { game, gameSettings } = config;
  const rules = Object.fromEntries(rulesOf(game).map((key) => [key, gameSettings[key]])) as Partial<GameSettings>;
  const opened = await openPlayers([spec], {
    game,
    rules,
    media,
    opened: new Map([[policyFolder(media, config), engine]]),
    openEngine: (model) => services.openEngine(model),
    keyOf: (name, { keyVariable }) => keyOf(params, name, keyVariable),
    random: random(config.seed, 'opponent'),
  });
  try {
    const [player] = opened.players;
    if (player === undefined) throw new PlayerError(`${spec.name} did not open`);
    const warnings = [...opened.warnings, ...differentRules(spec, config)];
    return { player, rules, identity: await identityOf(spec, player), warnings, dispose: opened.dispose };
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}

/** The learner as a player at the opponent's table. */
export function learnerPlayer(config: RunConfig, engine: Engine, learner: Learner): PolicyPlayer {
  return { kind: 'policy', name: 'policy', settings: config.gameSettings, engine, policy: learner, speech: config };
}

/** Finds the opponent that a run began with. @throws ResumeError naming it when it is gone. */
export async function findOpponentAgain(run: RunFile, reach: Reach): Promise<OpponentSpec> {
  try {
    return await findOpponent(run.config, reach);
  } catch (error) {
    if (run.opponent?.checkpoint === undefined) throw error;
    throw new ResumeError(`the opponent ${run.opponent.name} that this run began with cannot be had: ${messageOf(error)}`);
  }
}

/** @throws ResumeError naming the opponent when it is not the one that the run began with. */
export function checkSameOpponent({ opponent: before }: RunFile, now: OpponentFile): void {
  if (before === undefined) return;
  const refuse = (what: string, is: string | undefined, was: string | undefined): void => {
    if (is === was) return;
    throw new ResumeError(
      `the opponent ${before.name} is not the one that this run began with (${what} is ${is ?? 'none'}, run.json says ${was ?? 'none'}): put the old one back, or start a new run`,
    );
  };
  refuse('SHA-256 of its base model', brief(now.model?.sha256), brief(before.model?.sha256));
  refuse('SHA-256 of its checkpoint', brief(now.checkpoint?.sha256), brief(before.checkpoint?.sha256));
  refuse('its model', now.chatModel, before.chatModel);
}

function brief(sum: string | undefined): string | undefined {
  return sum === undefined ? undefined : `${sum.slice(0, 12)}…`;
}

async function identityOf(spec: PlayerSpec, player: Player): Promise<OpponentFile> {
  const { name } = player;
  if (spec.kind === 'chat') return { name, chatModel: spec.endpoint.model };
  if (spec.kind === 'scripted' || player.kind !== 'policy') return { name };
  const { checkpoint, model } = spec.source;
  return {
    name,
    model: { source: model, sha256: player.engine.info.modelHash },
    ...(checkpoint !== null && { checkpoint: { folder: checkpoint, sha256: await hashOf(checkpoint) } }),
  };
}

/** SHA-256 over the names and contents of what makes a checkpoint play as it does. */
async function hashOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => PLAYS.test(name)).sort();
  const sums = await Promise.all(names.map(async (name) => `${name} ${await sha256OfFile(join(folder, name))}\n`));
  return sha256(sums.join(''));
}

/** Rules that the opponent was trained under and that this run does not play by. */
function differentRules(spec: PlayerSpec, { game, gameSettings }: RunConfig): string[] {
  const trained = spec.kind === 'policy' && spec.source.run?.config.game === game ? spec.source.run.config.gameSettings : undefined;
  if (trained === undefined) return [];
  return rulesOf(game).flatMap((key) => {
    const [theirs, ours] = [JSON.stringify(trained[key]), JSON.stringify(gameSettings[key])];
    return theirs === ours ? [] : [`${spec.name} was trained with ${key} ${theirs}, and this run plays ${ours}`];
  });
}

/** An endpoint's key: the one that came with the parameters, else the environment's; none where both are silent. */
function keyOf({ keys = {} }: Reach, name: string, variable: string | undefined): string | undefined {
  const given = Object.hasOwn(keys, name) ? keys[name] : undefined;
  return given || (variable === undefined ? undefined : process.env[variable]) || undefined;
}
