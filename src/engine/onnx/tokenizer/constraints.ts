import type { TokenConstraint, TokenMask, TokenState } from '../../engine';

/** Makes constraints whose equal masks are one object, so that a batch holds few. */
export class Constraints {
  private readonly masks = new Map<string, TokenMask>();

  /**
   * @param stopToken ends every turn
   * @param ordinary every token that may stand in a message, ascending
   */
  constructor(
    private readonly stopToken: number,
    private readonly ordinary: readonly number[],
  ) {}

  /**
   * Exactly one of these token sequences, then the stop token.
   * @throws RangeError when there is none, or one is empty or holds the stop token.
   */
  choice(choices: readonly (readonly number[])[]): TokenConstraint {
    if (choices.length === 0) throw new RangeError('a choice among no texts');
    for (const tokens of choices) {
      if (tokens.length === 0 || tokens.includes(this.stopToken))
        throw new RangeError('a choice whose text makes no token, or the stop token');
    }
    return { start: this.trie(choices) };
  }

  /** At most `most` of these tokens (any ordinary one unless given), then the stop token; at the limit only that. */
  message(most: number, words: readonly number[] = this.ordinary): TokenConstraint {
    if (!Number.isSafeInteger(most) || most < 1) throw new RangeError(`a message of at most ${most} tokens`);
    const open = this.mask([...words, this.stopToken]);
    const closing: TokenState = { mask: this.mask([this.stopToken]), after: () => null };
    const states: TokenState[] = [closing];
    for (let left = 1; left <= most; left++) {
      const next = states[left - 1]!;
      states.push({ mask: open, after: (token) => (token === this.stopToken ? null : next) });
    }
    return { start: states[most]! };
  }

  private trie(rest: readonly (readonly number[])[]): TokenState {
    const branches = new Map<number, number[][]>();
    let ends = false;
    for (const [first, ...others] of rest) {
      if (first === undefined) ends = true;
      else branches.set(first, [...(branches.get(first) ?? []), others]);
    }
    const states = new Map([...branches].map(([token, others]) => [token, this.trie(others)]));
    const mask = this.mask([...states.keys(), ...(ends ? [this.stopToken] : [])]);
    return {
      mask,
      after: (token) => {
        if (ends && token === this.stopToken) return null;
        const state = states.get(token);
        if (!state) throw new RangeError(`token ${token} is not allowed here`);
        return state;
      },
    };
  }

  private mask(tokens: readonly number[]): TokenMask {
    const allowed = Int32Array.from(new Set(tokens)).sort();
    // The mask of messages is as long as the vocabulary, and there is one: its length names it.
    const key = allowed.length > 1000 ? `long ${allowed.length}` : allowed.join();
    let mask = this.masks.get(key);
    if (!mask) {
      mask = { allowed };
      this.masks.set(key, mask);
    }
    return mask;
  }
}
