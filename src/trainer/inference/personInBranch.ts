import { defaultGameSettings, games } from '../../domain/games';
import type { Constraint, GameId, GameSettings, Negotiation } from '../../domain/games/game';
import { seatedWith } from '../../domain/games/seating';
import { answerForm, readTyped } from '../../domain/games/typedAnswer';
import type { Random } from '../../domain/random';
import type { PendingTurn } from '../../domain/rollout';
import { other, type Pair, pair, SEATS, type Seat } from '../../domain/seat';
import type { PlayAsk } from '../../protocol/play';
import type { Player } from '../players/player';
import { PERSONS_CHAIR } from './play/otherSeat';

/** It is a person's turn, and it has not said anything yet: what it is asked. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';

  constructor(readonly ask: PlayAsk) {
    super('it is a person’s turn');
  }
}

/** A person who goes on in a branch, with what it has said so far. */
export class PersonInBranch {
  readonly #hears: Constraint | null;
  readonly #left: string[];

  private constructor(
    readonly seat: Seat,
    /** Deals the game: the person reads it in full sentences, the other in its own words. A new one each time. */
    readonly opening: () => Negotiation,
    theirs: Negotiation,
    answers: readonly string[],
  ) {
    this.#left = [...answers];
    // Where there is talk, it is what a round begins with.
    const first = theirs.requests[0]?.constraint;
    this.#hears = first?.kind === 'message' && first.words !== undefined ? first : null;
  }

  /** The person among two players; null where there is none. @throws RangeError where both are one */
  static among(
    seated: Pair<Player>,
    {
      game,
      rules,
      deal,
      answers,
    }: { readonly game: GameId; readonly rules: Partial<GameSettings>; readonly deal: () => Random; readonly answers: readonly string[] },
  ): PersonInBranch | null {
    const [seat, second] = SEATS.filter((each) => seated[each] === PERSONS_CHAIR);
    if (second !== undefined) throw new RangeError('only one seat can be a person’s: give the other one to somebody else');
    if (seat === undefined) return null;
    const player = seated[other(seat)];
    const full = { ...defaultGameSettings(game, 'full'), ...rules };
    const theirs = player.kind === 'scripted' ? full : player.settings;
    const start = (settings: GameSettings): Negotiation => games[game].start({ ...settings, ...rules }, deal());
    const opening = (): Negotiation => {
      const [mine, others] = [start(theirs.prompts === 'full' ? theirs : full), start(theirs)];
      return seatedWith(pair((each) => (each === seat ? mine : others)));
    };
    return new PersonInBranch(seat, opening, start(theirs), answers);
  }

  /** What the person says at its turn. @throws Unanswered where it has not said it yet; RangeError naming what is valid */
  answer({ request }: PendingTurn): string {
    const { kind, observation, view } = request;
    const constraint = kind === 'message' && this.#hears !== null ? this.#hears : request.constraint;
    const typed = this.#left.shift();
    if (typed === undefined) throw new Unanswered({ round: view.round, kind, observation, constraint });
    const read = readTyped(constraint, typed);
    if (read.problem !== undefined) throw new RangeError(read.problem);
    if (!request.parses(read.text)) throw new RangeError(`"${typed}" is no answer here: give ${answerForm(constraint)}`);
    return read.text;
  }
}
