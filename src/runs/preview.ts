import { type Pair, pair } from '../domain/seat';
import type { PreviewTurn } from '../protocol/trainer';
import type { NegotiationView, Place, TokenColumns, TurnView } from '../protocol/webview';
import { rulesOf, type ViewRules } from './negotiation';

/** A negotiation of the iteration under way, as far as it has come. */
export interface PreviewNegotiation {
  readonly negotiation: number;
  readonly group: number;
  /** In order of turn. */
  readonly turns: readonly PreviewTurn[];
}

/** The iteration under way, for the eye only: it is kept in memory and gone once the journal names it. */
export class Preview {
  readonly #negotiations = new Map<number, { group: number; turns: PreviewTurn[] }>();

  constructor(readonly iteration: number) {}

  /** Takes in turns of this iteration; a turn that is known already is kept as it was. */
  add(turns: readonly PreviewTurn[]): void {
    for (const turn of turns) {
      const known = this.#negotiations.get(turn.negotiation) ?? { group: turn.group, turns: [] };
      this.#negotiations.set(turn.negotiation, known);
      if (known.turns.some(({ turn: number }) => number === turn.turn)) continue;
      known.turns.push(turn);
      known.turns.sort((a, b) => a.turn - b.turn);
    }
  }

  /** Seed groups that have begun, ascending. */
  groups(): number[] {
    return [...new Set([...this.#negotiations.values()].map(({ group }) => group))].sort((a, b) => a - b);
  }

  /** Negotiations of a group that have begun, ascending. */
  negotiations(group: number): number[] {
    return [...this.#negotiations]
      .filter(([, known]) => known.group === group)
      .map(([negotiation]) => negotiation)
      .sort((a, b) => a - b);
  }

  /** How many negotiations have begun. */
  get count(): number {
    return this.#negotiations.size;
  }

  /** One negotiation, if it has begun. */
  negotiation(negotiation: number): PreviewNegotiation | undefined {
    const known = this.#negotiations.get(negotiation);
    return known && { negotiation, ...known };
  }
}

/** A negotiation under way as the inspector draws it: words and sampling log-probabilities, no rewards and no credits yet. */
export function previewView(place: Place, rules: ViewRules, { negotiation, group, turns }: PreviewNegotiation): NegotiationView {
  return {
    place: { ...place, group, negotiation },
    ...rulesOf(rules),
    group,
    players: previewPlayers(turns),
    rounds: [],
    turns: turns.map(previewTurnView),
    members: [],
    committed: false,
  };
}

/** Who plays; empty for a seat that has not spoken yet. */
export function previewPlayers(turns: readonly PreviewTurn[]): Pair<string> {
  return pair((seat) => turns.find((turn) => turn.seat === seat)?.player ?? '');
}

function previewTurnView(turn: PreviewTurn): TurnView {
  return {
    turn: turn.turn,
    round: turn.round,
    seat: turn.seat,
    kind: turn.kind,
    prompt: turn.prompt,
    text: turn.text,
    valid: true,
    trained: turn.player === 'policy',
    tokens: { ...NO_TOKENS, texts: turn.tokenTexts, logProbs: turn.logProbs },
    credit: null,
  };
}

const NO_TOKENS: TokenColumns = {
  ids: [],
  texts: [],
  logProbs: [],
  trainLogProbs: [],
  ratios: [],
  referenceLogProbs: [],
  entropies: [],
  validMass: [],
  forced: [],
};
