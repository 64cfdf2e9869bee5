import type { GameId } from '../../domain/games/game';
import { nearest } from '../../domain/nearest';
import { type ScriptedPlayer, scriptedPlayers } from '../../domain/players';
import type { ChatEndpoint, ChatEndpoints } from '../../protocol/chatEndpoints';
import { messageOf } from '../../runs/problem';
import { EMBEDDED_POLICY } from '../environment';
import { PlayerError } from './playerError';
import { findPolicy, type PolicySource, pathsBeside } from './policySource';

/** A player as somebody named it, looked up but not opened. */
export type PlayerSpec =
  | { readonly kind: 'policy'; readonly name: string; readonly source: PolicySource }
  | { readonly kind: 'scripted'; readonly name: string; readonly player: ScriptedPlayer }
  | { readonly kind: 'chat'; readonly name: string; readonly endpoint: ChatEndpoint };

/** What names are looked up in. */
export interface PlayerNames {
  readonly game: GameId;
  /** Endpoints that `api:NAME` may name. */
  readonly apis: ChatEndpoints;
  /** Where relative paths begin. */
  readonly cwd: string;
}

/** How a player may be written; for help texts and errors. */
export const PLAYER_FORMS = 'a run folder (its newest checkpoint, or RUN@ITERATION), a checkpoint folder, seed, scripted:NAME or api:NAME';

const PREFIXES = ['scripted', 'api'] as const;

/** The embedded policy as it is before any training. */
const SEED = 'seed';

/**
 * Reads a player: `seed`, `scripted:tit-for-tat`, `api:NAME`, a run folder, `RUN@40`, a checkpoint folder.
 * @throws PlayerError naming the nearest right one.
 */
export async function readPlayer(text: string, names: PlayerNames): Promise<PlayerSpec> {
  const name = text.trim();
  if (name === '') throw new PlayerError(`a player's name is empty: give ${PLAYER_FORMS}`);
  if (name === SEED) return { kind: 'policy', name, source: { model: EMBEDDED_POLICY, checkpoint: null, run: null } };
  const [, prefix, rest] = /^([A-Za-z_-]{2,}):(.*)$/.exec(name) ?? [];
  if (prefix === 'scripted') return { kind: 'scripted', name, player: scripted(rest ?? '', names.game) };
  if (prefix === 'api') return { kind: 'chat', name, endpoint: endpoint(rest ?? '', names.apis) };
  const source = await findPolicy(name, names.cwd);
  if (source !== null) return { kind: 'policy', name: source.name, source };
  throw new PlayerError(`there is no player "${name}": ${await guess(name, prefix, rest, names)}`);
}

/**
 * Reads several players; a name that two of them share is told apart by how they were written.
 * @throws PlayerError also for a player that is given twice.
 */
export async function readPlayers(written: readonly string[], names: PlayerNames): Promise<PlayerSpec[]> {
  const specs: PlayerSpec[] = [];
  for (const text of written) specs.push(await readPlayer(text, names));
  const shared = (name: string): boolean => specs.filter((spec) => spec.name === name).length > 1;
  const named = specs.map((spec, i) => (shared(spec.name) ? { ...spec, name: written[i]! } : spec));
  named.forEach((spec, i) => {
    const before = named.findIndex((another) => samePlayer(another, spec));
    if (before < i) throw new PlayerError(`${written[before]} and ${written[i]} are the same player: name it once, it meets itself anyway`);
  });
  return named;
}

function samePlayer(one: PlayerSpec, another: PlayerSpec): boolean {
  if (one.kind === 'policy' && another.kind === 'policy') {
    return one.source.model === another.source.model && one.source.checkpoint === another.source.checkpoint;
  }
  if (one.kind === 'scripted' && another.kind === 'scripted') return one.player.name === another.player.name;
  return one.kind === another.kind && one.name === another.name;
}

function scripted(name: string, game: GameId): ScriptedPlayer {
  const players = scriptedPlayers(game);
  if (name === '')
    throw new PlayerError(`scripted: names no player; there are ${players.names.map((each) => `scripted:${each}`).join(', ')}`);
  try {
    return players.get(name);
  } catch (error) {
    throw new PlayerError(messageOf(error));
  }
}

function endpoint(name: string, apis: ChatEndpoints): ChatEndpoint {
  const found = Object.hasOwn(apis, name) ? apis[name] : undefined;
  if (found) return found;
  const known = Object.keys(apis);
  if (known.length === 0)
    throw new PlayerError(`api:${name} names an endpoint, and none is set up: describe it in the file that --apis names`);
  const near = nearest(name, known);
  throw new PlayerError(
    `there is no endpoint "${name}": ${near ? `did you mean api:${near}?` : `there are ${known.map((each) => `api:${each}`).join(', ')}`}`,
  );
}

/** What a name that is none may have meant. */
async function guess(name: string, prefix: string | undefined, rest: string | undefined, names: PlayerNames): Promise<string> {
  if (prefix !== undefined) {
    const near = nearest(prefix, PREFIXES);
    if (near) return `did you mean ${near}:${rest}?`;
  }
  const { game, apis, cwd } = names;
  const known = [SEED, ...scriptedPlayers(game).names.map((each) => `scripted:${each}`), ...Object.keys(apis).map((each) => `api:${each}`)];
  const bare = known.find((each) => each.split(':').at(-1) === name);
  const near = bare ?? nearest(name, [...known, ...(await pathsBeside(name, cwd))]);
  return near ? `no such folder; did you mean ${near}?` : `no such folder. A player is ${PLAYER_FORMS}`;
}
