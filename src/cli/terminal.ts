/** Where a command reads and writes. */
export interface Terminal {
  /** stdout: results, for people or, under `--json`, for programs. */
  out(text: string): void;
  /** stderr: progress and complaints. */
  err(text: string): void;
  /** Whether stderr is a terminal that redraws lines. */
  readonly live: boolean;
  readonly columns: number;
  /** All of stdin. */
  readAll(): Promise<string>;
  /** The folder that holds presets and the embedded policy. */
  readonly media: string;
  /** The trainer's bundle. */
  readonly trainerScript: string;
  readonly cores: number;
}

/** Lines at the bottom of a terminal that are drawn over and over; on anything else, nothing is drawn. */
export class LiveLines {
  #drawn = 0;

  constructor(private readonly terminal: Terminal) {}

  /** Shows these lines in place of those shown before. */
  show(lines: readonly string[]): void {
    if (!this.terminal.live) return;
    const width = this.terminal.columns - 1;
    this.terminal.err(`${this.#up()}${lines.map((line) => `${cut(line, width)}\u001b[K\n`).join('')}`);
    this.#drawn = lines.length;
  }

  /** Writes a line that stays; the live ones are drawn anew below it. */
  log(line: string): void {
    this.terminal.err(`${this.#up()}${this.terminal.live ? '\u001b[J' : ''}${line}\n`);
    this.#drawn = 0;
  }

  #up(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A`;
  }
}

function cut(line: string, width: number): string {
  return [...line].length <= width ? line : `${[...line].slice(0, Math.max(0, width - 1)).join('')}…`;
}
