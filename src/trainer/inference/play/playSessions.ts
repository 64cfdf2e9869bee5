import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GameSettings } from '../../../domain/games/game';
import { random } from '../../../domain/random';
import { PLAY_FORMAT, PLAY_PATHS, type PlayFile, type PlayPosition, type PlayRequests } from '../../../protocol/play';
import { sha256, writeDurably, writeError } from '../../../runs/durableFile';
import { readPlay } from '../../../runs/playedFiles';
import { parleyVersion } from '../../environment';
import { type OpenPlayers, openPlayers, sharedRules } from '../../players/openPlayers';
import { type PlayerSpec, readPlayer } from '../../players/spec';
import { encodeRollouts } from '../../rolloutFile';
import type { Work } from '../work';
import { PlaySession } from './playSession';

interface Open {
  readonly id: string;
  readonly folder: string;
  file: PlayFile;
  readonly session: PlaySession;
  readonly players: OpenPlayers;
}

type Params<K extends keyof PlayRequests> = PlayRequests[K][0];

/** The tables with a person at them. Each holds its policy's lanes between two turns. */
export class PlaySessions {
  readonly #open = new Map<string, Open>();

  /** Begins a negotiation. @throws PlayerError, and what engines and endpoints throw */
  async sit({ game, opponent, seat, seed, rules, out }: Params<'sit'>, work: Work): Promise<PlayPosition> {
    const spec = await readPlayer(opponent, { game, apis: work.settings.apis, cwd: process.cwd() });
    await prepare(out);
    const file: PlayFile = {
      format: PLAY_FORMAT,
      created: new Date().toISOString(),
      parley: parleyVersion(work.media),
      game,
      rules: sharedRules(game, [spec], stated(rules)) as PlayFile['rules'],
      seed,
      seat,
      opponent: { name: spec.name, player: pinned(spec, opponent) },
      ...{ turns: [], rounds: [], usage: null, rollouts: null },
    };
    return this.#begin(out, file, spec, work);
  }

  /** Goes on with the negotiation in a folder. @throws Error in one line where that cannot be */
  async takeUp({ folder }: Params<'takeUp'>, work: Work): Promise<PlayPosition> {
    const known = [...this.#open.values()].find((open) => open.folder === folder);
    if (known !== undefined) return this.#step(known, () => known.session.again(work.signal));
    const file = await readPlay(folder);
    if (file === null) throw new Error(`${join(folder, PLAY_PATHS.play)} is missing: there is no negotiation to go on with`);
    if (file.rollouts !== null) throw new Error(`The negotiation against ${file.opponent.name} has ended: open it to read it`);
    const { game, opponent, turns } = file;
    const spec = await readPlayer(opponent.player, { game, apis: work.settings.apis, cwd: process.cwd() });
    if (spec.kind === 'chat' && turns.length > 0) {
      throw new Error(`${opponent.name} gives no answer twice, and its conversation ended with its process: begin anew`);
    }
    return this.#begin(folder, file, spec, work);
  }

  /** Takes the person's turn. @throws InvalidAnswer, and what endpoints throw */
  async say({ session, text }: Params<'say'>, work: Work): Promise<PlayPosition> {
    const open = this.#open.get(session);
    if (open === undefined) throw new Error('This table is gone: Play Against Policy offers to go on with the negotiation');
    return this.#step(open, () => open.session.say(text, work.signal));
  }

  /** Frees a table. */
  async leave({ session }: Params<'leave'>): Promise<null> {
    const open = this.#open.get(session);
    if (open !== undefined) await this.#close(open);
    return null;
  }

  /** Opens the players and plays to the person's turn, what was said before included. */
  async #begin(folder: string, file: PlayFile, spec: PlayerSpec, work: Work): Promise<PlayPosition> {
    const { game, rules, seed, seat, turns } = file;
    const players = await openPlayers([spec], {
      game,
      rules: stated(rules),
      media: work.media,
      openEngine: (model) => work.openEngine(model),
      keyOf: (name) => work.settings.keys[name],
      random: random(seed, 'players'),
    });
    const session = await orElse(players.dispose, () => {
      return new PlaySession({ game, rules: stated(rules), seed, seat, opponent: players.players[0]! });
    });
    const open: Open = { id: randomUUID(), folder, file, session, players };
    this.#open.set(open.id, open);
    return orElse(
      () => this.#close(open),
      () =>
        this.#step(open, async () => {
          await session.begin(work.signal);
          for (const { text } of turns.filter((turn) => turn.seat === seat)) await session.say(text, work.signal);
          checkSame(file, session);
        }),
    );
  }

  /** Does a step, keeps what came of it, and says where the negotiation stands. */
  async #step(open: Open, act: () => Promise<void>): Promise<PlayPosition> {
    try {
      await act();
      await this.#keep(open);
    } catch (error) {
      // What is wrong with an answer, or with an endpoint for now, is no reason to clear the table.
      if (!open.session.alive) await this.#close(open);
      throw error;
    }
    const { id, folder, session } = open;
    if (session.outcome !== null) await this.#close(open);
    return { session: id, folder, file: open.file, ask: session.ask };
  }

  async #keep(open: Open): Promise<void> {
    const { session, folder, players, file } = open;
    const [opponent] = players.players;
    const usage = opponent?.kind === 'chat' ? { ...opponent.client.usage } : null;
    const ended = session.outcome === null ? {} : { ...(await writeRollouts(folder, session)) };
    open.file = { ...file, turns: [...session.turns], usage, ...ended };
    await writeDurably(join(folder, PLAY_PATHS.play), `${JSON.stringify(open.file, null, 2)}\n`);
  }

  async #close({ id, session, players }: Open): Promise<void> {
    if (!this.#open.delete(id)) return;
    session.close();
    await players.dispose();
  }
}

/** Does something, and something else before its failure goes on. */
async function orElse<T>(otherwise: () => Promise<void>, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await otherwise();
    throw error;
  }
}

/** Rules without those that are not given. */
function stated(rules: PlayFile['rules']): Partial<GameSettings> {
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
}

/** A run is met as it is now, however far it trains on. */
function pinned(spec: PlayerSpec, written: string): string {
  const run = spec.kind === 'policy' ? spec.source.run : null;
  return run === null ? written : `${run.folder}@${run.iteration}`;
}

/** @throws Error when the other answered anything else than before */
function checkSame({ opponent, turns }: PlayFile, session: PlaySession): void {
  if (turns.length === 0) return;
  const same = turns.length === session.turns.length && turns.every(({ text }, i) => text === session.turns[i]?.text);
  if (same) return;
  throw new Error(`${opponent.name} does not answer as it did (another device, or other weights): what was said is kept, begin anew`);
}

async function writeRollouts(folder: string, session: PlaySession): Promise<Pick<PlayFile, 'rounds' | 'rollouts'>> {
  const rows = session.rows();
  const bytes = encodeRollouts(rows);
  const file = PLAY_PATHS.rollouts;
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeDurably(join(folder, file), bytes);
  const rounds = (session.outcome?.negotiation.rounds ?? []).map(({ actions, rewards }) => ({ actions, rewards }));
  return {
    rounds: rounds as PlayFile['rounds'],
    rollouts: { file, rows: rows.length, bytes: bytes.length, sha256: sha256(bytes) },
  };
}

async function prepare(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeError(folder, error);
  }
  const [foreign] = await readdir(folder);
  if (foreign !== undefined) throw new Error(`${folder} is not empty (${foreign}): a negotiation needs a folder of its own`);
}
