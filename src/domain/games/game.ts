import type { Random } from '../random';
import type { Pair, Seat } from '../seat';

/** The games; each is one folder beside this file. */
export type GameId = 'ipd' | 'split' | 'trust-and-split' | 'trust-and-split-values' | 'deal-or-no-deal';

/** What a seat may produce at a turn. */
export type Constraint =
  /** Exactly one of these texts. */
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Free text of at most this many tokens, the stop token left out; made of these words only where they are given (short prompts). May be empty. */
  | { readonly kind: 'message'; readonly maxTokens: number; readonly words?: readonly string[] };

/** A seat that has to speak or act now. */
export interface TurnRequest {
  readonly seat: Seat;
  readonly kind: 'message' | 'action';
  /** Everything that the seat is newly shown since its last turn; stands verbatim in its transcript. */
  readonly observation: string;
  readonly constraint: Constraint;
  /** What the seat knows at this turn, as data: what prompts are written from and scripted players decide on. */
  readonly view: SeatView;
  /** Whether a text would be taken as it stands: an action that parses, or any message. */
  parses(text: string): boolean;
}

/** Something said, as its hearers were shown it. */
export interface Said {
  readonly seat: Seat;
  readonly text: string;
}

/** All that one seat knows. Nothing that is hidden from it is in here, so that nothing made from it can leak. */
export interface SeatView {
  readonly seat: Seat;
  /** 0-based. */
  readonly round: number;
  /** Units of each item kind on the table; empty in the IPD. */
  readonly quantities: readonly number[];
  /** Own points per unit, `[item kind]`; null while the seat may not know them (they depend on the other's hand). */
  readonly values: readonly number[] | null;
  /** The other's points per unit; null while the seat may not know them. */
  readonly othersValues: readonly number[] | null;
  readonly hand?: Hand;
  /** Who speaks first in this round, where there is talk. */
  readonly opener?: Seat;
  /** What was said in this round so far. */
  readonly messages: readonly Said[];
  /** Finished rounds, as far as the seat was told of them. */
  readonly rounds: readonly SeenRound[];
}

/** A finished round as one seat was told of it. */
export interface SeenRound {
  /** 0-based. */
  readonly round: number;
  readonly quantities: readonly number[];
  readonly values: readonly number[];
  readonly othersValues: readonly number[] | null;
  readonly hand?: Hand;
  readonly opener?: Seat;
  readonly messages: readonly Said[];
  readonly own: Action;
  readonly others: Action;
  /** Units the seat got, `[item kind]`. */
  readonly share: readonly number[];
  /** Points the seat got. */
  readonly reward: number;
}

/** What a seat did in a round once its text was parsed. */
export type Action =
  /** Iterated Prisoner's Dilemma; `A` cooperates. */
  | { readonly kind: 'choice'; readonly choice: 'A' | 'B' }
  /** Split games: units proposed for oneself, one number an item kind, 0 to the quantity. */
  | { readonly kind: 'keep'; readonly amounts: readonly number[] };

/** A hand of Trust-and-Split. */
export type Hand = 'rock' | 'paper' | 'scissors';

/** What the seeded randomness dealt for a round; empty lists where a game deals nothing. */
export interface RoundDeal {
  /** Units of each item kind on the table. */
  readonly quantities: readonly number[];
  /** Points per unit, `[seat][item kind]`. */
  readonly values: Pair<readonly number[]>;
  readonly hands?: Pair<Hand>;
  /** Who speaks first, where there is talk. */
  readonly opener?: Seat;
}

/** A finished round. */
export interface RoundOutcome {
  /** 0-based. */
  readonly round: number;
  readonly deal: RoundDeal;
  /** What counted; the game's default where the text did not parse. */
  readonly actions: Pair<Action>;
  readonly valid: Pair<boolean>;
  /** Points of this round. */
  readonly rewards: Pair<number>;
  /** Units each seat got, `[seat][item kind]`; empty in the IPD. */
  readonly shares: Pair<readonly number[]>;
  /** Points of both seats together, had they played this round as well as possible. */
  readonly bestJointReward: number;
  /** The messages of this round as they were produced, in order. */
  readonly messages: readonly Said[];
}

/** A position in one negotiation: immutable, so that a fork is just another `advance` from it. */
export interface Negotiation {
  /** Who must reply now, in parallel; empty when the negotiation is over. */
  readonly requests: readonly TurnRequest[];
  /** 0-based round that the requests belong to. */
  readonly round: number;
  /** Finished rounds. */
  readonly rounds: readonly RoundOutcome[];
  /** The round under way, as dealt; undefined when the negotiation is over. */
  readonly deal: RoundDeal | undefined;
  /**
   * The position after these texts, one for each request and in their order.
   * @throws RangeError when the number of texts is not the number of requests.
   */
  advance(texts: readonly string[]): Negotiation;
}

/** Settings that every game understands; a game ignores none of those it lists in `settingNames`. */
export interface GameSettings {
  /** Rounds of one negotiation. */
  readonly rounds: number;
  /** `short` for the embedded policy, `full` for instruction-tuned models. */
  readonly prompts: 'short' | 'full';
  /** Whether prompts name the round (in the IPD a visible horizon invites last-round defection). */
  readonly showRound: boolean;
  /** IPD points: temptation, reward, punishment, sucker. */
  readonly payoffs: { readonly T: number; readonly R: number; readonly P: number; readonly S: number };
  /** Messages a seat may send in a round of the talking games. */
  readonly messagesPerRound: number;
  /** Longest message, in tokens. */
  readonly messageTokens: number;
}

/** Measures by name, as `--json` and the journal write them: absent if the game has none such, null if it could not be computed. */
export interface Measures {
  readonly meanReward: Pair<number> | null;
  readonly jointReward: number | null;
  readonly efficiency: number | null;
  readonly cooperationRate?: number | null;
  readonly cooperateAfter?: CooperateAfter;
  /** Split: efficiency counted over the kinds that the two value differently; pure greed has 0.55. */
  readonly contestedEfficiency?: number | null;
  readonly keptWhenValuingLess?: number | null;
  readonly keptWhenValuingMore?: number | null;
  readonly keptAfter?: KeptAfter;
  readonly statesHandRate?: number | null;
  readonly truthfulRate?: number | null;
  readonly validMass: number | null;
  readonly entropy: number | null;
  readonly kl: number | null;
}

/**
 * Units kept of a kind, as 0 … 10, where one values it less and where more than the other does, by what the other proposed for
 * itself in the round before, as 0 … 10 of the table; `start` is the first round.
 */
export type KeptAfter = Readonly<Record<'less' | 'more', Readonly<Record<'start' | '0-2' | '3-5' | '6-8' | '9-10', number | null>>>>;

/** P(cooperate | last round), own move first; `start` is the first round. */
export interface CooperateAfter {
  readonly start: number | null;
  readonly CC: number | null;
  readonly CD: number | null;
  readonly DC: number | null;
  readonly DD: number | null;
}

/** The rules of one game. */
export interface Game {
  readonly id: GameId;
  readonly title: string;
  /** Which settings this game reads, besides `rounds` and `prompts`. */
  readonly settingNames: readonly (keyof GameSettings)[];
  /** Its settings where nothing else is said. */
  defaults(prompts: GameSettings['prompts']): GameSettings;
  /**
   * The opening position. All that is random about the game is drawn from `random`, so that
   * negotiations of one seed group, given equal streams, are dealt the same.
   * @throws RangeError naming the setting that makes no such game (payoffs that are no dilemma).
   */
  start(settings: GameSettings, random: Random): Negotiation;
  /**
   * The measures that only this game has, over finished rounds, `[negotiation][round]`; those of what somebody did
   * count these seats alone, both unless given.
   */
  measures(negotiations: readonly (readonly RoundOutcome[])[], seats?: readonly Seat[]): Partial<Measures>;
}
