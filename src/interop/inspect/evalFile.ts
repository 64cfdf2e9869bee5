import { Zip, ZipDeflate } from 'fflate';
import type { EvalSample, EvalSampleSummary } from './format';
import { headerOf, type LogOrigin, startOf, summaryOf } from './header';

/** A ZIP has no room for more entries than this without extensions that not every reader has. */
export const MOST_SAMPLES = 65_000;

/**
 * Writes a .eval file sample by sample: only the summaries are kept in memory.
 * @param write takes the file's next bytes.
 */
export class EvalFile {
  readonly #zip: Zip;
  readonly #summaries: EvalSampleSummary[] = [];
  #chunks: Uint8Array[] = [];
  #failure: Error | null = null;

  constructor(
    private readonly origin: LogOrigin,
    private readonly write: (bytes: Uint8Array) => Promise<unknown>,
  ) {
    this.#zip = new Zip((error, chunk) => {
      if (error) this.#failure = error;
      else this.#chunks.push(chunk);
    });
  }

  /** @throws RangeError for more samples than a ZIP holds */
  async add(sample: EvalSample): Promise<void> {
    if (this.#summaries.length >= MOST_SAMPLES) {
      throw new RangeError(`an .eval file holds ${MOST_SAMPLES} negotiations at most: export fewer at a time`);
    }
    this.#summaries.push(summaryOf(sample));
    await this.#entry(`samples/${sample.id}_epoch_${sample.epoch}.json`, sample);
  }

  /** Writes what comes after the samples. */
  async close(): Promise<void> {
    await this.#entry('_journal/start.json', { version: 2, ...startOf(this.origin, this.#summaries) });
    await this.#entry('_journal/summaries/1.json', this.#summaries);
    await this.#entry('summaries.json', this.#summaries);
    await this.#entry('header.json', headerOf(this.origin, this.#summaries));
    this.#zip.end();
    await this.#flush();
  }

  async #entry(name: string, content: unknown): Promise<void> {
    const entry = new ZipDeflate(name, { level: 6 });
    // The run's own time, so that the same export makes the same bytes; a ZIP knows none before 1980.
    entry.mtime = new Date(Math.max(Date.parse(this.origin.line.time) || 0, Date.UTC(1981)));
    this.#zip.add(entry);
    entry.push(new TextEncoder().encode(JSON.stringify(content)), true);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) await this.write(chunk);
  }
}

/** The name of a log, as inspect_ai gives it: time, task, id. */
export function evalFileName({ line, game }: Pick<LogOrigin, 'line' | 'game'>, run: string): string {
  const time = new Date(Date.parse(line.time) || 0).toISOString().slice(0, 19).replaceAll(':', '-');
  const iteration = String(line.iteration).padStart(6, '0');
  return `${time}+00-00_${game}_${run.replaceAll('_', '-')}-${iteration}.eval`;
}
