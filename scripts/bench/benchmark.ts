/** One line of a result table. */
export interface Measurement {
  /** What was measured, in a few words. */
  readonly measure: string;
  readonly value: number;
  /** `tokens/s`, `ms`, `GFLOP/s`, `% of MatMul`, … */
  readonly unit: string;
  /** What it ought to be, as `≥ 75` or `≤ 0.25`; the report says whether it is reached. */
  readonly target?: string;
  /** What it was measured on: shapes, batch, threads. */
  readonly note?: string;
}

/** What `npm run bench -- …` asks for. */
export interface BenchSettings {
  /** The execution provider: `cpu`, `webgpu`, … */
  readonly device: string;
  /** Intra-op threads; as many as there are cores where nothing else is asked. */
  readonly threads: number;
  /** Iterations of the made-up run, where something smaller than the whole will do. */
  readonly iterations?: number;
  /** Minutes of the made-up live run. */
  readonly minutes?: number;
}

/**
 * A benchmark: the default export of `scripts/bench/<name>.bench.ts`. It runs in a process of its own and alone, so that what it
 * measures is not another's memory or threads.
 */
export interface Benchmark {
  readonly title: string;
  /** One sentence: what is measured and how. */
  readonly method: string;
  /** What was learned from it, a sentence or two each; stands below the numbers. */
  readonly learned?: readonly string[];
  /** Part of `npm run bench:ui` and not of `npm run bench`. */
  readonly ui?: boolean;
  /** Seconds after which it is stopped and counts as failed; 300 by default. */
  readonly seconds?: number;
  run(settings: BenchSettings): Promise<readonly Measurement[]>;
}

/** The median of `samples`, which must not be empty. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
