import { defaultGameSettings, games } from '../../../domain/games';
import type { Constraint, GameId, GameSettings, Negotiation } from '../../../domain/games/game';
import { seatedWith } from '../../../domain/games/seating';
import { answerForm, readTyped } from '../../../domain/games/typedAnswer';
import { random } from '../../../domain/random';
import { type PendingTurn, type PlayedNegotiation, play } from '../../../domain/rollout';
import { other, pair, type Seat } from '../../../domain/seat';
import { PERSON, type PlayAsk, type PlayTurn } from '../../../protocol/play';
import type { TurnRow } from '../../../protocol/rollouts';
import { NO_REFERENCES } from '../../evaluate/reference';
import { matchupRows } from '../../evaluate/rows';
import type { Player } from '../../players/player';
import { type OtherSeat, otherSeat, PERSONS_CHAIR } from './otherSeat';

/** Who plays what with a person. */
export interface PlaySessionOptions {
  readonly game: GameId;
  /** Settings that both play under. */
  readonly rules: Partial<GameSettings>;
  readonly seed: number;
  /** The person's. */
  readonly seat: Seat;
  readonly opponent: Player;
}

/** Something that a person said and that the game takes none of; one line names what is valid. Nothing has changed. */
export class InvalidAnswer extends Error {
  override readonly name = 'InvalidAnswer';
}

/** A negotiation that waits for somebody: the person whose turn it is, or, after a failure, whoever has the other asked again. */
interface Waiting {
  readonly turn: PendingTurn | null;
  go(text: string): void;
}

/** A negotiation between a person and a player. Between two steps it waits, and nothing is computed. */
export class PlaySession {
  /** Taken so far, as far as the person knows of them. */
  readonly turns: PlayTurn[] = [];
  /** How it went, once it has ended. */
  outcome: PlayedNegotiation | null = null;
  /** Whether it can go on. */
  alive = true;
  readonly #other: OtherSeat;
  readonly #constraint: (turn: PendingTurn) => Constraint;
  #waiting: Waiting | null = null;
  #arrive: { resolve(): void; reject(error: unknown): void } | null = null;
  #signal: AbortSignal = new AbortController().signal;

  constructor(private readonly options: PlaySessionOptions) {
    const { game, opponent, seat, seed } = options;
    const { opening, hears } = openingOf(options);
    this.#constraint = ({ request }) => (request.kind === 'message' && hears !== null ? hears : request.constraint);
    this.#other = otherSeat(opponent, { game, position: opening, seat: other(seat), uniforms: random(seed, 'play token') });
    this.#begin = () => play([opening], (pending) => this.#answer(pending));
  }

  readonly #begin: () => Promise<PlayedNegotiation[]>;

  /** The person's turn that is due; null when it has ended, and while the other has to be asked again. */
  get ask(): PlayAsk | null {
    const turn = this.#waiting?.turn ?? null;
    if (turn === null) return null;
    const { kind, observation, view } = turn.request;
    return { round: view.round, kind, observation, constraint: this.#constraint(turn) };
  }

  /** Plays to the person's first turn. @throws whatever kept the other from answering */
  begin(signal: AbortSignal): Promise<void> {
    return this.#step(signal, () => {
      void this.#begin().then(
        ([outcome]) => this.#ended(outcome ?? null),
        (error: unknown) => this.#failed(error),
      );
    });
  }

  /**
   * Takes the person's turn and plays to its next, or to the end.
   * @throws InvalidAnswer when the game does not take it, or whatever kept the other from answering
   */
  async say(typed: string, signal: AbortSignal): Promise<void> {
    const waiting = this.#waiting;
    const turn = waiting?.turn ?? null;
    if (waiting === null || turn === null) throw new InvalidAnswer('It is not your turn');
    const constraint = this.#constraint(turn);
    const read = readTyped(constraint, typed);
    if (read.problem !== undefined) throw new InvalidAnswer(read.problem);
    if (!turn.request.parses(read.text)) throw new InvalidAnswer(`"${typed}" is no answer here: give ${answerForm(constraint)}`);
    await this.#step(signal, () => this.#go(waiting, read.text));
  }

  /** Asks the other again for a turn that it did not answer; does nothing where it is the person's turn. */
  async again(signal: AbortSignal): Promise<void> {
    const waiting = this.#waiting;
    if (waiting !== null && waiting.turn === null) await this.#step(signal, () => this.#go(waiting, ''));
  }

  /** What was played as rows of a rollout file, once it has ended. */
  rows(): TurnRow[] {
    if (this.outcome === null) return [];
    const { seat, opponent } = this.options;
    const { transcript } = this.#other;
    const negotiation = {
      ...this.outcome,
      group: 0,
      seated: pair((at): number => (at === seat ? 0 : 1)),
      transcripts: pair((at) => (at === seat ? null : transcript)),
      references: NO_REFERENCES,
    };
    return matchupRows(1, { players: [0, 1], negotiations: [negotiation] }, [{ ...PERSONS_CHAIR, name: PERSON }, opponent]);
  }

  /** Frees what the other holds. */
  close(): void {
    this.alive = false;
    this.#other.close();
  }

  /** Does something and waits for the negotiation to wait again, or to end. */
  #step(signal: AbortSignal, act: () => void): Promise<void> {
    this.#signal = signal;
    return new Promise((resolve, reject) => {
      this.#arrive = { resolve, reject };
      act();
    });
  }

  #go(waiting: Waiting, text: string): void {
    this.#waiting = null;
    waiting.go(text);
  }

  #ended(outcome: PlayedNegotiation | null): void {
    this.outcome = outcome;
    this.#arrive?.resolve();
  }

  #failed(error: unknown): void {
    this.alive = false;
    this.#arrive?.reject(error);
  }

  /** Answers the turns that are due: the person's first, so that nothing is computed while it thinks. */
  async #answer(pending: readonly PendingTurn[]): Promise<readonly string[]> {
    const mine = pending.find(({ seat }) => seat === this.options.seat) ?? null;
    const theirs = pending.filter((turn) => turn !== mine);
    let said = mine === null ? '' : await this.#wait(mine);
    for (;;) {
      try {
        const answers = theirs.length === 0 ? [] : await this.#other.answer(theirs, this.#signal);
        const texts = pending.map((turn) => (turn === mine ? said : answers[theirs.indexOf(turn)]!));
        pending.forEach((turn, i) => {
          this.#record(turn, texts[i]!);
        });
        return texts;
      } catch (error) {
        if (!this.#other.patient) throw error;
        said = await this.#wait(mine, error);
      }
    }
  }

  #wait(turn: PendingTurn | null, failure?: unknown): Promise<string> {
    return new Promise((go) => {
      this.#waiting = { turn, go };
      if (failure === undefined) this.#arrive?.resolve();
      else this.#arrive?.reject(failure);
    });
  }

  #record({ seat, request: { kind, observation, view } }: PendingTurn, text: string): void {
    const shown = seat === this.options.seat ? { observation } : {};
    this.turns.push({ round: view.round, seat, kind, ...shown, text });
  }
}

/**
 * The opening position, the person reading the game in full sentences, and what the other hears of a message where it
 * knows some words only.
 */
function openingOf({ game, rules, seed, seat, opponent }: PlaySessionOptions): {
  readonly opening: Negotiation;
  readonly hears: Constraint | null;
} {
  const theirs = opponent.kind === 'scripted' ? null : opponent.settings;
  const persons: GameSettings = theirs?.prompts === 'full' ? theirs : { ...defaultGameSettings(game, 'full'), ...rules };
  const start = (settings: GameSettings): Negotiation => games[game].start({ ...settings, ...rules }, random(seed, 'play deal'));
  const [mine, others] = [start(persons), start(theirs ?? persons)];
  const opening = seatedWith(pair((at) => (at === seat ? mine : others)));
  // Where there is talk, it is what a round begins with.
  const first = others.requests[0]?.constraint;
  return { opening, hears: first?.kind === 'message' && first.words !== undefined ? first : null };
}
