import type { Constraint } from '../domain/games/game';
import type { TokenConstraint, Tokenizer, TokenState } from '../engine/engine';

/** A game's constraint over token ids, and how many tokens it can take. */
export interface BoundConstraint {
  readonly tokens: TokenConstraint;
  /** The most tokens a turn can have under it, the stop token included. */
  readonly longest: number;
}

/** Turns constraints into token constraints, each distinct one once. */
export function constraintBinder(tokenizer: Tokenizer): (constraint: Constraint) => BoundConstraint {
  const byObject = new WeakMap<Constraint, BoundConstraint>();
  const byMeaning = new Map<string, BoundConstraint>();
  return (constraint) => {
    const known = byObject.get(constraint);
    if (known) return known;
    const meaning = JSON.stringify(constraint);
    let bound = byMeaning.get(meaning);
    if (!bound) {
      const tokens = tokenizer.constrain(constraint);
      bound = { tokens, longest: constraint.kind === 'message' ? constraint.maxTokens + 1 : depth(tokens.start, new Map()) };
      byMeaning.set(meaning, bound);
    }
    byObject.set(constraint, bound);
    return bound;
  };
}

/** The longest walk from a state of a finite trie to its end. */
function depth(state: TokenState, known: Map<TokenState, number>): number {
  const before = known.get(state);
  if (before !== undefined) return before;
  let most = 0;
  for (const token of state.mask.allowed) {
    const next = state.after(token);
    most = Math.max(most, 1 + (next === null ? 0 : depth(next, known)));
  }
  known.set(state, most);
  return most;
}
