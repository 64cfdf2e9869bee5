import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MATCHUP_PATHS, type MatchupsFile } from '../protocol/matchups';
import { PERSON, PLAY_PATHS, type PlayFile } from '../protocol/play';
import type { IterationLine, MeasuresFile } from '../protocol/runFiles';
import type { FolderChange, NegotiationFolder, Played } from './negotiationFolder';
import { parseMatchups, parsePlay } from './playedFiles';
import { isMissing, messageOf, type Problem } from './problem';
import { RolloutError, type RolloutFile, type RolloutReader } from './rolloutReader';
import { SUMMARY_COLUMNS, summariesOf } from './summaries';

/** Two players and the negotiations between them. */
interface PlayedPair {
  readonly name: string;
  readonly rollouts: RolloutFile;
  readonly measures: MeasuresFile | null;
}

/** What a folder's JSON file says. */
interface Contents {
  readonly played: Omit<Played, 'pairs'>;
  readonly pairs: readonly PlayedPair[];
}

/**
 * A folder of match-ups, or of a negotiation with a person, that reads like a run: pairs of players stand in the place of
 * iterations, and no turn has a credit. Nothing is ever written.
 */
export class PlayedFolder implements NegotiationFolder {
  played: Played | null = null;
  readonly file = null;
  readonly finished = null;
  readonly trainedBy = null;
  readonly abandoned = false;
  #lines: readonly IterationLine[] = [];
  #problems: readonly Problem[] = [];
  #text = '';
  #reading: Promise<FolderChange> = Promise.resolve({ from: null, changed: false });

  private constructor(
    readonly path: string,
    private readonly kind: Played['kind'],
    private readonly reader: RolloutReader,
  ) {}

  /** Opens a folder and summarises its negotiations. Never throws: what is wrong stands in `problems`. */
  static async open(path: string, kind: Played['kind'], reader: RolloutReader): Promise<PlayedFolder> {
    const folder = new PlayedFolder(path, kind, reader);
    await folder.refresh();
    return folder;
  }

  get baseName(): string {
    return basename(this.path);
  }

  get iterations(): readonly IterationLine[] {
    return this.#lines;
  }

  iteration(number: number): IterationLine | undefined {
    return this.#lines.find(({ iteration }) => iteration === number);
  }

  get last(): number {
    return this.#lines.at(-1)?.iteration ?? -1;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  refresh(): Promise<FolderChange> {
    this.#reading = this.#reading.then(() => this.#refresh());
    return this.#reading;
  }

  async rereadRunFile(): Promise<void> {
    // There is none.
  }

  lookCloser(): void {
    // Nobody trains here.
  }

  async #refresh(): Promise<FolderChange> {
    const name = this.kind === 'matchups' ? MATCHUP_PATHS.matchups : PLAY_PATHS.play;
    let text: string;
    try {
      text = await readFile(join(this.path, name), 'utf8');
    } catch (error) {
      const message = isMissing(error) ? `${name} is missing: copy the folder again` : `${name} cannot be read (${messageOf(error)})`;
      return this.#broken(name, message);
    }
    if (text === this.#text) return { from: null, changed: false };
    this.#text = text;
    try {
      const { played, pairs } = this.kind === 'matchups' ? matchupsOf(parseMatchups(text)) : playOf(parsePlay(text));
      return await this.#take(played, pairs);
    } catch (error) {
      return this.#broken(name, messageOf(error));
    }
  }

  /** Pairs that are known stay as they were read: what was played is not played again. */
  async #take(played: Omit<Played, 'pairs'>, pairs: readonly PlayedPair[]): Promise<FolderChange> {
    const known = this.#lines;
    const lines: IterationLine[] = [];
    const problems: Problem[] = [];
    for (const [index, pair] of pairs.entries()) {
      const iteration = index + 1;
      const before = known.find((line) => line.iteration === iteration && line.rollouts?.sha256 === pair.rollouts.sha256);
      try {
        lines.push(before ?? (await this.#line(iteration, pair, played)));
      } catch (error) {
        if (!(error instanceof RolloutError)) throw error;
        problems.push({ file: pair.rollouts.file, message: error.message });
      }
    }
    const from = lines.find((line) => !known.includes(line))?.iteration ?? null;
    this.#lines = lines;
    this.#problems = problems;
    this.played = { ...played, pairs: new Map(pairs.map(({ name }, index) => [index + 1, name])) };
    return { from, changed: true };
  }

  async #line(iteration: number, { rollouts, measures }: PlayedPair, { created, game }: Omit<Played, 'pairs'>): Promise<IterationLine> {
    const rows = await this.reader.all(this.path, rollouts, SUMMARY_COLUMNS);
    return {
      type: 'iteration',
      iteration,
      time: created,
      seconds: 0,
      ...(measures === null ? {} : { measures }),
      rollouts,
      negotiations: summariesOf(rows, game, rollouts.file),
      state: { folder: '', files: {} },
    };
  }

  #broken(file: string, message: string): FolderChange {
    const changed = this.#problems.length !== 1 || this.#problems[0]?.message !== message;
    this.#problems = [{ file, message }];
    return { from: null, changed };
  }
}

function matchupsOf({ players, members, rollouts, measures, ...file }: MatchupsFile): Contents {
  return {
    played: {
      kind: 'matchups',
      name: `match-ups: ${file.game}, ${players.length} players`,
      ...{ game: file.game, seed: file.seed, created: file.created, negotiations: file.negotiations },
    },
    pairs: rollouts.map(({ players: both, cell: [row, column], file: path, rows, bytes, sha256 }) => ({
      name: both.join(' · '),
      rollouts: { file: path, rows, bytes, sha256 },
      // A cell of several runs is the mean of more than these two.
      measures: Object.keys(members).length > 0 ? null : pairMeasures(measures[row]?.[column] ?? null, row === column),
    })),
  };
}

/** Against itself a player has both seats, and both count. */
function pairMeasures(measures: MeasuresFile | null, itself: boolean): MeasuresFile | null {
  if (measures === null || !itself || measures.meanReward === null) return measures;
  const mean = (measures.meanReward[0] + measures.meanReward[1]) / 2;
  return { ...measures, meanReward: [mean, mean] };
}

function playOf({ game, seed, created, seat, opponent, rollouts }: PlayFile): Contents {
  const both = seat === 0 ? [PERSON, opponent.name] : [opponent.name, PERSON];
  return {
    played: { kind: 'play', name: `play: ${game} against ${opponent.name}`, game, seed, created, negotiations: 1 },
    pairs: rollouts === null ? [] : [{ name: both.join(' · '), rollouts, measures: null }],
  };
}
