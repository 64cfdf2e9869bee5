import type { SeatView, SeenRound, TurnRequest } from '../games/game';
import { amounts, keepText } from '../games/sharing/proposals';
import type { Random } from '../random';
import { beliefs, statement } from './claims';
import type { ScriptedPlayer } from './player';

/** Units to keep, `[item kind]`. */
export type KeepRule = (view: SeatView) => readonly number[];

/** The share of a kind that one values less from which on keeping it is greedy. */
const GREEDY_SHARE = 0.7;

/** A player of the split games that says what it holds, truthfully. */
function player(name: string, keep: KeepRule): ScriptedPlayer {
  return {
    name,
    reply: (request) => (request.kind === 'message' ? cutToFit(statement(request.view), request) : keepText(keep(request.view))),
  };
}

/** A message cut to what the turn allows. */
export function cutToFit(text: string, { constraint }: TurnRequest): string {
  if (constraint.kind === 'choice' || !constraint.words) return text;
  return text.split(' ').slice(0, constraint.maxTokens).join(' ');
}

/** Everything. */
const keepAll: KeepRule = ({ quantities }) => quantities;

/** Half of everything; of an odd number the one who opens the round keeps the larger half. */
const keepHalf: KeepRule = (view) => view.quantities.map((quantity) => half(quantity, view));

/** Each kind to whoever values it more, half on a tie, as far as the other's word tells; half of everything where it tells nothing. */
const keepWhereWorthMore: KeepRule = (view) => {
  const believed = beliefs(view.seat, view);
  if (!believed) return keepHalf(view);
  return view.quantities.map((quantity, kind) => {
    const edge = believed.own[kind]! - believed.others[kind]!;
    return edge > 0 ? quantity : edge < 0 ? 0 : half(quantity, view);
  });
};

/** Like `keepWhereWorthMore`, and everything in the round after the other was greedy. */
const keepInKind: KeepRule = (view) => {
  const last = view.rounds.at(-1);
  return last && wasGreedy(view.seat, last) ? keepAll(view) : keepWhereWorthMore(view);
};

function half(quantity: number, { seat, opener }: SeatView): number {
  return seat === (opener ?? 0) ? Math.ceil(quantity / 2) : Math.floor(quantity / 2);
}

/** Whether the other kept most of something that, as far as one knows, it values less; of everything, where one knows nothing. */
function wasGreedy(seat: SeatView['seat'], round: SeenRound): boolean {
  const kept = amounts(round.others);
  const believed = beliefs(seat, round);
  const most = (units: number, of: number): boolean => of > 0 && units >= GREEDY_SHARE * of;
  if (!believed) return most(sum(kept), sum(round.quantities));
  return kept.some((units, kind) => believed.others[kind]! < believed.own[kind]! && most(units, round.quantities[kind]!));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

/** Keeps all. */
export const greedy = player('greedy', keepAll);

/** Gives each kind to whoever values it more. */
export const generous = player('generous', keepWhereWorthMore);

/** Keeps half. */
export const fair = player('fair', keepHalf);

/** Generous until the other was greedy, then greedy for one round. */
export const reciprocal = player('reciprocal', keepInKind);

/** Proposes at random, every proposal equally likely. */
export function randomProposal(request: TurnRequest, random: Random): string {
  return request.view.quantities.map((quantity) => random.integer(quantity + 1)).join(' ');
}
