import type { EvalSample, EvalSampleSummary } from './format';
import { headerOf, type LogOrigin, startOf, summaryOf } from './header';
import { ZipWriter } from './zip';

/** Writes a .eval file sample by sample: only the summaries are kept in memory. */
export class EvalFile {
  readonly #zip: ZipWriter;
  readonly #summaries: EvalSampleSummary[] = [];

  /** @param write takes the file's next bytes. */
  constructor(
    private readonly origin: LogOrigin,
    private readonly write: (bytes: Uint8Array) => Promise<unknown>,
  ) {
    // The run's own time, so that the same export makes the same bytes.
    this.#zip = new ZipWriter(new Date(Date.parse(origin.line.time) || 0));
  }

  /** @throws RangeError for more than a ZIP holds */
  async add(sample: EvalSample): Promise<void> {
    this.#summaries.push(summaryOf(sample));
    await this.#entry(`samples/${sample.id}_epoch_${sample.epoch}.json`, sample);
  }

  /** Writes what comes after the samples. */
  async close(): Promise<void> {
    await this.#entry('_journal/start.json', { version: 2, ...startOf(this.origin, this.#summaries) });
    await this.#entry('_journal/summaries/1.json', this.#summaries);
    await this.#entry('summaries.json', this.#summaries);
    await this.#entry('header.json', headerOf(this.origin, this.#summaries));
    await this.write(this.#zip.end());
  }

  async #entry(name: string, content: unknown): Promise<void> {
    await this.write(this.#zip.entry(name, new TextEncoder().encode(JSON.stringify(content))));
  }
}

/** The name of a log, as inspect_ai gives it: time, task, id. */
export function evalFileName({ line, game }: Pick<LogOrigin, 'line' | 'game'>, run: string): string {
  const time = new Date(Date.parse(line.time) || 0).toISOString().slice(0, 19).replaceAll(':', '-');
  const iteration = String(line.iteration).padStart(6, '0');
  return `${time}+00-00_${game}_${run.replaceAll('_', '-')}-${iteration}.eval`;
}
