import type { FilterSubject } from '../domain/filter';
import type { Pair } from '../domain/seat';
import type { NegotiationSummaries, RunFile } from '../protocol/runFiles';

/** What all negotiations of a run share, for filters and sorting. */
export interface SubjectRun {
  readonly name: string;
  readonly file: RunFile | null;
  /** Empty where it cannot be read. */
  readonly game: string;
}

/**
 * The negotiations of one iteration as filters know them, one at a time: `at` moves it, and nothing is copied, since a
 * long run has hundreds of thousands. What is read of one is good until the next.
 */
export class SummarySubject implements FilterSubject {
  readonly game: string;
  readonly algorithm: string;
  readonly run: string;
  #negotiation = 0;
  /** Filled anew at every reading: hundreds of thousands of pairs would be garbage at once. */
  readonly #reward: [number, number] = [0, 0];
  readonly #credit: [number, number] = [0, 0];
  readonly #cooperation: [number, number] = [0, 0];

  constructor(
    { name, file, game }: SubjectRun,
    readonly iteration: number,
    private readonly summaries: NegotiationSummaries,
  ) {
    this.run = name;
    this.game = game;
    this.algorithm = file?.config.algorithm ?? '';
  }

  /** Negotiations of the iteration. */
  get count(): number {
    return this.summaries.group.length;
  }

  /** Moves on to a negotiation. @returns itself */
  at(negotiation: number): this {
    this.#negotiation = negotiation;
    return this;
  }

  get negotiation(): number {
    return this.#negotiation;
  }

  get group(): number {
    return this.summaries.group[this.#negotiation] ?? 0;
  }

  get reward(): Pair<number> {
    return this.#pair(this.summaries.reward, this.#reward);
  }

  get efficiency(): number {
    return this.summaries.efficiency[this.#negotiation] ?? 0;
  }

  get invalid(): number {
    return this.summaries.invalid[this.#negotiation] ?? 0;
  }

  get credit(): Pair<number> {
    return this.#pair(this.summaries.credit, this.#credit);
  }

  get cooperation(): Pair<number> | null {
    const { cooperation } = this.summaries;
    return cooperation === undefined ? null : this.#pair(cooperation, this.#cooperation);
  }

  get player(): Pair<string> {
    const [alice, bob] = this.summaries.player;
    return [alice[this.#negotiation] ?? '', bob[this.#negotiation] ?? ''];
  }

  #pair([alice, bob]: Pair<readonly number[]>, into: [number, number]): Pair<number> {
    into[0] = alice[this.#negotiation] ?? 0;
    into[1] = bob[this.#negotiation] ?? 0;
    return into;
  }
}
