import { defaultGameSettings, games } from '../../domain/games';
import type { GameId, GameSettings, Negotiation } from '../../domain/games/game';
import { seatedWith } from '../../domain/games/seating';
import type { Random } from '../../domain/random';
import type { PendingTurn } from '../../domain/rollout';
import { other, type Pair, pair, SEATS } from '../../domain/seat';
import { ChatPlayer } from '../../engine/chat-api/chatPlayer';
import { transcriptCapacity } from '../capacity';
import { type PastTurn, Seats, type SeatTranscript } from '../seats';
import type { ChatSeatPlayer, Player, PolicyPlayer, ScriptedSeatPlayer } from './player';

/** Answers the turns of the seats that it fills, all that are due at once. */
export interface SeatFiller {
  /** One text for each turn, in their order. @throws whatever kept it from answering; the negotiations cannot go on then. */
  answer(pending: readonly PendingTurn[]): Promise<readonly string[]>;
  /** Puts turns on record that were taken before; absent where nothing is remembered from turn to turn. */
  replay?(turns: readonly PastTurn[]): Promise<void>;
  /** What was said as tokens, `[negotiation][seat]`; undefined where it has no tokens of its own. */
  readonly transcripts?: readonly Pair<SeatTranscript>[];
  /** Answers that were discarded. */
  readonly retries: number;
  /** Tokens drawn here, discarded ones included; absent where none are. */
  readonly sampledTokens?: number;
  close(): void;
}

/** Who plays what. */
export interface TableOptions {
  readonly game: GameId;
  readonly positions: readonly Negotiation[];
  /** `[negotiation][seat]` */
  readonly players: readonly Pair<Player>[];
  /** Draws are keyed from here by (negotiation, seat, turn, …). */
  readonly uniforms: Random;
  readonly signal?: AbortSignal;
}

/**
 * Negotiations that are played together by players of any kind. Policies of one engine that speak alike share its lanes,
 * endpoints answer meanwhile, and scripted players at once.
 */
export class Table {
  readonly #fillers: SeatFiller[] = [];
  /** Index into `#fillers`, `[negotiation][seat]`. */
  readonly #filledBy: readonly Pair<number>[];
  /** Calls all fillers off: from outside, or because one of them failed. */
  readonly #stop = new AbortController();
  readonly #outside: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#stop.abort(this.#outside?.reason);

  constructor({ players, signal, ...table }: TableOptions) {
    this.#outside = signal;
    if (signal?.aborted) this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    const groups: Player[][] = [];
    for (const player of new Set(players.flat())) {
      const group = groups.find(([first]) => first !== undefined && answerTogether(first, player));
      if (group) group.push(player);
      else groups.push([player]);
    }
    this.#filledBy = players.map((both) => pair((seat) => groups.findIndex((group) => group.includes(both[seat]))));
    try {
      for (const [index, [first]] of groups.entries()) {
        const seats = players.map((both, n) => pair((seat) => (this.#filledBy[n]![seat] === index ? both[seat] : null)));
        this.#fillers.push(fill(first!, seats, { ...table, signal: this.#stop.signal }));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Answers discarded so far, over all players. */
  get retries(): number {
    return this.#fillers.reduce((sum, filler) => sum + filler.retries, 0);
  }

  /** Tokens drawn on this machine so far, discarded ones included. */
  get sampledTokens(): number {
    return this.#fillers.reduce((sum, filler) => sum + (filler.sampledTokens ?? 0), 0);
  }

  /** What each seat read and said as tokens, `[negotiation][seat]`; null for players without tokens of their own. */
  get transcripts(): readonly Pair<SeatTranscript | null>[] {
    const each = this.#fillers.map((filler) => filler.transcripts);
    return this.#filledBy.map((indices, n) => pair((seat) => each[indices[seat]]?.[n]?.[seat] ?? null));
  }

  /** Puts turns on record that were taken before, by whoever had the seats then: the players go on from them. */
  async replay(turns: readonly PastTurn[]): Promise<void> {
    for (const [index, filler] of this.#fillers.entries()) {
      const mine = turns.filter(({ negotiation, seat }) => this.#filledBy[negotiation]![seat] === index);
      if (mine.length > 0) await filler.replay?.(mine);
    }
  }

  /** Answers turns that are due, in their order. */
  async answer(pending: readonly PendingTurn[]): Promise<string[]> {
    const texts = new Array<string>(pending.length);
    const work = this.#fillers.map(async (filler, index) => {
      const mine = [...pending.keys()].filter((i) => this.#filledBy[pending[i]!.negotiation]![pending[i]!.seat] === index);
      if (mine.length === 0) return;
      const answers = await filler.answer(mine.map((i) => pending[i]!));
      mine.forEach((i, k) => {
        texts[i] = answers[k]!;
      });
    });
    try {
      await Promise.all(work);
    } catch (error) {
      // One failure ends the negotiations, but lanes are let go of only once nobody speaks on them any more.
      this.#stop.abort(error);
      await Promise.allSettled(work);
      throw error;
    }
    return texts;
  }

  /** Frees what the players hold. */
  close(): void {
    this.#outside?.removeEventListener('abort', this.#onAbort);
    for (const filler of this.#fillers) filler.close();
  }
}

/**
 * The opening of a negotiation between two players, each reading the game in its own prompts; a scripted player, which
 * reads none, is told it as the other is.
 * @param deal the stream that the game is dealt from; a new one each time it is asked for.
 */
export function openingFor(game: GameId, players: Pair<Player>, rules: Partial<GameSettings>, deal: () => Random): Negotiation {
  const settings = pair((seat) => settingsOf(players[seat]) ?? settingsOf(players[other(seat)]) ?? defaultGameSettings(game));
  const [first, second] = SEATS.map((seat) => games[game].start({ ...settings[seat], ...rules }, deal()));
  const alike = JSON.stringify(settings[0]) === JSON.stringify(settings[1]);
  return seatedWith([first!, alike ? first! : second!]);
}

function settingsOf(player: Player): GameSettings | null {
  return player.kind === 'scripted' ? null : player.settings;
}

/** Whether one filler can answer for both: what does not differ from call to call must be the same. */
function answerTogether(one: Player, another: Player): boolean {
  if (one === another || (one.kind === 'scripted' && another.kind === 'scripted')) return true;
  if (one.kind !== 'policy' || another.kind !== 'policy' || one.engine !== another.engine) return false;
  const [a, b] = [one.speech, another.speech];
  return (['decoding', 'retries', 'temperature', 'greedy', 'topP', 'topK'] as const).every((key) => a[key] === b[key]);
}

type FilledSeats = readonly Pair<Player | null>[];

function fill(player: Player, seats: FilledSeats, table: Omit<TableOptions, 'players'>): SeatFiller {
  switch (player.kind) {
    case 'policy':
      return policySeats(player, seats, table);
    case 'scripted':
      return scriptedSeats(seats as readonly Pair<ScriptedSeatPlayer | null>[], table.uniforms);
    case 'chat':
      return chatSeats(player, table.signal);
  }
}

function policySeats({ engine, speech }: PolicyPlayer, seats: FilledSeats, table: Omit<TableOptions, 'players'>): SeatFiller {
  const { game, positions, uniforms, signal } = table;
  const own = seats as readonly Pair<PolicyPlayer | null>[];
  const settings = new Set(own.flatMap((both) => both.flatMap((each) => (each ? [each.settings] : []))));
  const capacity = Math.max(...[...settings].map((each) => transcriptCapacity({ game, gameSettings: each, seed: 0 }, engine.tokenizer)));
  return new Seats({
    engine,
    positions,
    policies: own.map((both) => pair((seat) => both[seat]?.policy ?? null)),
    speech,
    uniforms,
    capacity,
    ...(signal && { signal }),
  });
}

function scriptedSeats(seats: readonly Pair<ScriptedSeatPlayer | null>[], uniforms: Random): SeatFiller {
  return {
    retries: 0,
    answer: async (pending) =>
      pending.map(({ negotiation, seat, turn, request }) => {
        const { player } = seats[negotiation]![seat]!;
        return player.reply(request, uniforms.fork('scripted', negotiation, seat, turn));
      }),
    close: () => undefined,
  };
}

function chatSeats({ client, retries }: ChatSeatPlayer, signal: AbortSignal | undefined): SeatFiller {
  const player = new ChatPlayer(client, { retries });
  return {
    get retries() {
      return player.count.retries;
    },
    replay: async (turns) => player.replay(turns),
    answer: (pending) => player.answer(pending, signal),
    close: () => undefined,
  };
}
