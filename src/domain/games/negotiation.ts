import { other, type Pair, pair, SEATS, type Seat } from '../seat';
import type { Action, Constraint, Negotiation, RoundDeal, RoundOutcome, Said, SeatView, SeenRound, TurnRequest } from './game';

/** The wording of a game. Every piece is written from what the seat knows, and an empty piece is left out. */
export interface Prompts {
  /** What stands between two pieces. */
  readonly separator: string;
  /** Shown once, before anything else. */
  rules(): string;
  /** Tells how the last round ended, if there was one, and opens this one. */
  round(view: SeatView): string;
  /** Passes on what the other said. */
  heard(text: string): string;
  askMessage(view: SeatView): string;
  askAction(view: SeatView): string;
}

/** What a round's actions come to. */
export interface Settlement {
  readonly rewards: Pair<number>;
  /** `[seat][item kind]` */
  readonly shares: Pair<readonly number[]>;
  readonly bestJointReward: number;
}

/** A game of rounds: deal, talk in turn, act at once, settle. All functions are pure. */
export interface RoundRules {
  readonly rounds: number;
  /** When a seat learns what it values itself, and what the other values. */
  readonly reveal: { readonly own: 'at once' | 'after the round'; readonly others: 'at once' | 'after the round' | 'never' };
  /** Messages of each seat in a round. */
  readonly messagesPerRound: number;
  readonly messageConstraint: Extract<Constraint, { kind: 'message' }>;
  readonly prompts: Prompts;
  /** The same deal whenever it is asked for. */
  deal(round: number): RoundDeal;
  actionConstraint(deal: RoundDeal): Constraint;
  /** The action that a text stands for; null when it stands for none. */
  parse(text: string, deal: RoundDeal): Action | null;
  /** What counts when a text does not parse. */
  defaultAction(deal: RoundDeal): Action;
  settle(deal: RoundDeal, actions: Pair<Action>): Settlement;
  /** A message as the other is shown it. */
  hear(text: string): string;
}

interface State {
  readonly round: number;
  readonly deal: RoundDeal | undefined;
  readonly outcomes: readonly RoundOutcome[];
  readonly seen: Pair<readonly SeenRound[]>;
  /** Of this round, as produced and as heard. */
  readonly produced: readonly Said[];
  readonly heard: readonly Said[];
  /** What each seat is still to be shown. */
  readonly pending: Pair<readonly string[]>;
}

/** The opening position of a game of rounds. */
export function negotiate(rules: RoundRules): Negotiation {
  const greeting = [rules.prompts.rules()];
  return position(rules, openRound(rules, 0, [], [[], []], [greeting, greeting]));
}

function openRound(
  rules: RoundRules,
  round: number,
  outcomes: readonly RoundOutcome[],
  seen: Pair<readonly SeenRound[]>,
  pending: Pair<readonly string[]>,
): State {
  const deal = round < rules.rounds ? rules.deal(round) : undefined;
  const state: State = { round, deal, outcomes, seen, produced: [], heard: [], pending };
  if (!deal) return state;
  return { ...state, pending: pair((seat) => [...pending[seat], rules.prompts.round(viewOf(rules, state, deal, seat))]) };
}

function viewOf(rules: RoundRules, state: State, deal: RoundDeal, seat: Seat): SeatView {
  return {
    seat,
    round: state.round,
    ...known(deal, seat),
    values: rules.reveal.own === 'at once' ? deal.values[seat] : null,
    othersValues: rules.reveal.others === 'at once' ? deal.values[other(seat)] : null,
    messages: state.heard,
    rounds: state.seen[seat],
  };
}

/** What a seat sees of a deal at once. */
function known(deal: RoundDeal, seat: Seat): Pick<SeatView, 'quantities' | 'hand' | 'opener'> {
  return {
    quantities: deal.quantities,
    ...(deal.hands && { hand: deal.hands[seat] }),
    ...(deal.opener !== undefined && { opener: deal.opener }),
  };
}

function position(rules: RoundRules, state: State): Negotiation {
  const { round, deal, outcomes } = state;
  if (!deal) return { requests: [], round, rounds: outcomes, deal, advance: (texts) => refuse(texts, 0) ?? position(rules, state) };
  const speaker = speakerOf(rules, state, deal);
  const requests =
    speaker === undefined
      ? SEATS.map((seat) => request(rules, state, deal, seat, 'action'))
      : [request(rules, state, deal, speaker, 'message')];
  return {
    requests,
    round,
    rounds: outcomes,
    deal,
    advance(texts) {
      refuse(texts, requests.length);
      return position(
        rules,
        speaker === undefined ? act(rules, state, deal, [texts[0]!, texts[1]!]) : say(rules, state, speaker, texts[0]!),
      );
    },
  };
}

function refuse(texts: readonly string[], expected: number): undefined {
  if (texts.length !== expected)
    throw new RangeError(`${expected} ${expected === 1 ? 'reply is' : 'replies are'} due, ${texts.length} given`);
}

/** Whose message is due; undefined when it is time to act. */
function speakerOf(rules: RoundRules, state: State, deal: RoundDeal): Seat | undefined {
  const said = state.produced.length;
  if (deal.opener === undefined || said >= 2 * rules.messagesPerRound) return undefined;
  return said % 2 === 0 ? deal.opener : other(deal.opener);
}

function request(rules: RoundRules, state: State, deal: RoundDeal, seat: Seat, kind: 'message' | 'action'): TurnRequest {
  const view = viewOf(rules, state, deal, seat);
  const { prompts } = rules;
  const ask = kind === 'message' ? prompts.askMessage(view) : prompts.askAction(view);
  return {
    seat,
    kind,
    observation: [...state.pending[seat], ask].filter((piece) => piece !== '').join(prompts.separator),
    constraint: kind === 'message' ? rules.messageConstraint : rules.actionConstraint(deal),
    view,
    parses: (text) => kind === 'message' || rules.parse(text, deal) !== null,
  };
}

function say(rules: RoundRules, state: State, speaker: Seat, text: string): State {
  const heard = rules.hear(text);
  return {
    ...state,
    produced: [...state.produced, { seat: speaker, text }],
    heard: [...state.heard, { seat: speaker, text: heard }],
    pending: pair((seat) => (seat === speaker ? [] : [...state.pending[seat], rules.prompts.heard(heard)])),
  };
}

function act(rules: RoundRules, state: State, deal: RoundDeal, texts: Pair<string>): State {
  const parsed = pair((seat) => rules.parse(texts[seat], deal));
  const actions = pair((seat) => parsed[seat] ?? rules.defaultAction(deal));
  const settlement = rules.settle(deal, actions);
  const outcome: RoundOutcome = {
    round: state.round,
    deal,
    actions,
    valid: pair((seat) => parsed[seat] !== null),
    ...settlement,
    messages: state.produced,
  };
  const seen = pair(
    (seat): SeenRound => ({
      round: state.round,
      ...known(deal, seat),
      values: deal.values[seat],
      othersValues: rules.reveal.others === 'never' ? null : deal.values[other(seat)],
      messages: state.heard,
      own: actions[seat],
      others: actions[other(seat)],
      share: settlement.shares[seat],
      reward: settlement.rewards[seat],
    }),
  );
  return openRound(
    rules,
    state.round + 1,
    [...state.outcomes, outcome],
    pair((seat) => [...state.seen[seat], seen[seat]]),
    [[], []],
  );
}
