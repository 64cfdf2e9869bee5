import type { Random } from '../domain/random';
import { play } from '../domain/rollout';
import { type Pair, pair, type Seat } from '../domain/seat';
import type { Engine, Learner } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import { learnerPlayer, type Opponent } from './players/opponent';
import type { Player } from './players/player';
import { openingFor, Table } from './players/table';
import type { SeatTranscript } from './seats';
import type { SelfPlay, TurnListener } from './selfPlay';

/** The learner against a fixed opponent. */
export interface AgainstOptions {
  readonly engine: Engine;
  readonly config: RunConfig;
  readonly learner: Learner;
  readonly opponent: Opponent;
  /** The learner's seat, and the seed group that decides the deal, `[negotiation]`. */
  readonly seats: readonly { readonly group: number; readonly seat: Seat }[];
  /** The stream that a group is dealt from, a new one each time. */
  readonly deal: (group: number) => Random;
  /** Draws are keyed from here by (negotiation, seat, turn, …). */
  readonly uniforms: Random;
  readonly signal?: AbortSignal;
  readonly onTurns?: TurnListener;
}

/**
 * Plays negotiations between the learner and its fixed opponent, all live ones together; each reads the game in prompts of
 * its own. A player without tokens of its own leaves an empty transcript.
 */
export async function playAgainst(options: AgainstOptions): Promise<SelfPlay> {
  const { config, opponent, seats, signal } = options;
  const { game } = config;
  const learner = learnerPlayer(config, options.engine, options.learner);
  const players = seats.map(({ seat }): Pair<Player> => pair((at) => (at === seat ? learner : opponent.player)));
  const positions = seats.map(({ group }, n) => openingFor(game, players[n]!, opponent.rules, () => options.deal(group)));
  const table = new Table({ game, positions, players, uniforms: options.uniforms, ...(signal && { signal }) });
  try {
    const played = await play(positions, async (pending) => {
      const texts = await table.answer(pending);
      options.onTurns?.(pending, texts, transcriptsOf(table));
      return texts;
    });
    const transcripts = transcriptsOf(table);
    const { retries, sampledTokens } = table;
    return { negotiations: played.map((negotiation, n) => ({ ...negotiation, transcripts: transcripts[n]! })), retries, sampledTokens };
  } finally {
    table.close();
  }
}

function transcriptsOf(table: Table): Pair<SeatTranscript>[] {
  return table.transcripts.map((both) => pair((seat) => both[seat] ?? { tokens: [], turns: [] }));
}
