import { AGENT_NAMES, other, type Pair, pair, type Seat } from '../../../src/domain/seat';
import type { CreditView, NegotiationView, TurnView } from '../../../src/protocol/webview';
import type { WeightBar } from '../../charts/weights/layout';
import { plain, signed } from '../numbers';

/** Own advantages of both seats, `[seat][round]`, as the negotiation's turns carry them. */
function ownAdvantages(view: NegotiationView): Pair<number[]> {
  return pair((seat) => {
    const own: number[] = [];
    for (const turn of view.turns) if (turn.seat === seat && turn.credit !== null) own[turn.round] = turn.credit.own;
    return own;
  });
}

/** The summands of w for a seat in a round; none under `rl` and `sum`, whose w is 0 and 1. */
export function weightBars(view: NegotiationView, seat: Seat, round: number): WeightBar[] {
  if (view.algorithm !== 'aa' && view.algorithm !== 'aa-jit') return [];
  const own = ownAdvantages(view)[seat];
  const last = view.algorithm === 'aa' ? round - 1 : round;
  const scale = view.algorithm === 'aa' || view.matchedGamma ? view.gamma : 1;
  const bars: WeightBar[] = [];
  for (let k = 0; k <= last; k++) {
    const value = own[k];
    if (value !== undefined) bars.push({ round: k, own: value, contribution: scale * view.gamma ** (round - k) * value });
  }
  return bars;
}

/** One line of the derivation: what it is, in symbols, and in numbers. */
export interface FormulaLine {
  readonly symbols: string;
  readonly numbers: string;
  readonly result: string;
  readonly kind: 'own' | 'weight' | 'aligned' | 'credit';
}

/** The credit derived line by line, with the numbers filled in. */
export function derivation(view: NegotiationView, credit: CreditView): FormulaLine[] {
  const own: FormulaLine = {
    symbols: 'A¹ = return − baseline',
    numbers: `${plain(credit.return)} − ${bracketed(credit.baseline)} =`,
    result: signed(credit.own),
    kind: 'own',
  };
  if (view.algorithm === 'rl') {
    return [own, { symbols: 'credit = A¹', numbers: '', result: signed(credit.credit), kind: 'credit' }];
  }
  const sum: FormulaLine = {
    symbols: 'credit = A¹ + alignment',
    numbers: `${plain(credit.own)} + ${bracketed(credit.alignment)} =`,
    result: signed(credit.credit),
    kind: 'credit',
  };
  if (view.algorithm === 'sum') {
    return [own, { symbols: 'alignment = A²', numbers: '', result: signed(credit.alignment), kind: 'aligned' }, sum];
  }
  const bound = view.algorithm === 'aa' ? 'k<t' : 'k≤t';
  const extra = view.algorithm === 'aa' || view.matchedGamma ? 'γ·' : '';
  return [
    own,
    { symbols: `w = ${extra}Σ γᵗ⁻ᵏ A¹ₖ, ${bound}`, numbers: `γ = ${view.gamma}, w =`, result: signed(credit.weight), kind: 'weight' },
    {
      symbols: 'alignment = β·w·A²',
      numbers: `${view.beta} · ${bracketed(credit.weight)} · ${bracketed(credit.opponent)} =`,
      result: signed(credit.alignment),
      kind: 'aligned',
    },
    sum,
  ];
}

/** What the numbers say, in a sentence or two. */
export function reading(view: NegotiationView, turn: TurnView, credit: CreditView): string {
  const me = AGENT_NAMES[turn.seat];
  const them = AGENT_NAMES[other(turn.seat)];
  const alone = view.members.length === 0 ? 'the batch' : 'the same deal in its seed group';
  const compared = Math.abs(credit.own) < 0.005 ? 'as much as' : credit.own > 0 ? 'more than' : 'less than';
  const first = `From round ${turn.round + 1} on, ${me} got ${compared} in ${alone}.`;
  if (view.algorithm === 'rl') return `${first} Plain RL credits nothing else.`;
  if (view.algorithm === 'sum') return `${first} What ${them} got counts as much as ${me}’s own.`;
  if (view.algorithm === 'aa' && turn.round === 0)
    return `${first} In the first round there is no past to answer to, so the alignment term is 0.`;
  if (Math.abs(credit.alignment) < 0.005)
    return `${first} The alignment term is next to nothing: ${Math.abs(credit.weight) < 0.02 ? 'the past went as usual' : `${them} did as usual`}.`;
  const past = credit.weight > 0 ? `The rounds before went well for ${me}` : `The rounds before went badly for ${me}`;
  const now = credit.opponent > 0 ? `and ${them} does well from here on` : `and ${them} does badly from here on`;
  const then =
    credit.alignment > 0
      ? credit.weight > 0
        ? 'answering in kind is credited'
        : 'withholding is credited'
      : credit.weight > 0
        ? 'failing to answer in kind is debited'
        : 'giving in is debited';
  return `${first} ${past} ${now}: ${then}.`;
}

function bracketed(value: number): string {
  const text = plain(value);
  return text.startsWith('−') ? `(${text})` : text;
}
