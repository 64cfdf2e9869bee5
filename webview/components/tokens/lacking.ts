import { AGENT_NAMES, SEATS } from '../../../src/domain/seat';
import type { NegotiationView, TurnView } from '../../../src/protocol/webview';
import type { Measure, MeasureId } from './measures';

/** Turns that the measure which colours the tokens has no number for. */
export interface Lacking {
  /** Every turn of the negotiation is one. */
  readonly all: boolean;
  /** One line, as the legend says it. */
  readonly why: string;
}

const OF_CREDIT: readonly MeasureId[] = ['push', 'credit', 'own', 'alignment'];

/** The turns whose tokens have no number, and why; null where there are none. Turns without tokens do not count. */
export function lacking(view: NegotiationView, measure: Measure): Lacking | null {
  const turns = view.turns.filter(({ tokens }) => tokens.texts.length > 0);
  const without = turns.filter((turn) => turn.tokens.texts.every((_, token) => measure.value(turn, token) === null));
  if (without.length === 0) return null;
  return { all: without.length === turns.length, why: why(view, measure, turns, without) };
}

function why(view: NegotiationView, { id, label }: Measure, turns: readonly TurnView[], without: readonly TurnView[]): string {
  if (!view.committed) return `no ${label} before the iteration is committed`;
  if (OF_CREDIT.includes(id) && view.algorithm === null) return `nobody was trained by this negotiation: no ${label}`;
  const who = SEATS.filter((seat) => without.some((turn) => turn.seat === seat)).map((seat) => AGENT_NAMES[seat]);
  if (!OF_CREDIT.includes(id)) return `${who.join(' and ')}: no ${label} on record`;
  const inPart = without.some(({ seat }) => turns.some((turn) => turn.seat === seat && !without.includes(turn)));
  return `${who.join(' and ')} ${inPart ? 'in some turns ' : ''}not trained: no ${label}`;
}
