import type { TokenMask } from '../engine';
import { MASKED } from './graphs/causalAttention';

/** The distinct masks of a batch as rows of 0 (allowed) and −1e9, for graphs to gather from; row 0 allows all. */
export class MaskTable {
  private readonly index = new Map<TokenMask | null, number>([[null, 0]]);

  constructor(private readonly vocabularySize: number) {}

  get rows(): number {
    return this.index.size;
  }

  /** The row of a mask; null allows everything. */
  rowOf(mask: TokenMask | null): number {
    let row = this.index.get(mask);
    if (row === undefined) {
      row = this.index.size;
      this.index.set(mask, row);
    }
    return row;
  }

  /** `[rows, vocabulary]`. */
  data(): Float32Array {
    const table = new Float32Array(this.rows * this.vocabularySize);
    for (const [mask, row] of this.index) {
      if (!mask) continue;
      const start = row * this.vocabularySize;
      table.fill(MASKED, start, start + this.vocabularySize);
      for (const token of mask.allowed) table[start + token] = 0;
    }
    return table;
  }
}
