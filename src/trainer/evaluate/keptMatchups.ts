import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Pair } from '../../domain/seat';
import { MATCHUP_PATHS, type MatchupsFile } from '../../protocol/matchups';
import { sha256OfFile, writeError } from '../../runs/durableFile';
import { readMatchups } from '../../runs/playedFiles';
import { isMissing } from '../../runs/problem';
import { RolloutError, RolloutReader } from '../../runs/rolloutReader';
import type { MatchupOptions, PlayedMatchup } from './matchups';
import { READ_COLUMNS, rebuildMatchup } from './rebuild';

type Entry = MatchupsFile['rollouts'][number];

/** A match-up that lay in the folder, with its entry there. */
export interface KeptMatchup {
  readonly matchup: PlayedMatchup;
  readonly entry: Entry;
}

/** What a folder of match-ups holds of an evaluation that was cut off: those are read, and not played again. */
export class KeptMatchups {
  readonly #reader = new RolloutReader();

  private constructor(
    private readonly folder: string,
    /** What the folder said; null where there was nothing. */
    readonly file: MatchupsFile | null,
  ) {}

  /**
   * Makes a folder, or finds what is in it.
   * @param planned the evaluation without any cell.
   * @throws Error for a folder of anything else, or of another evaluation.
   */
  static async open(folder: string, planned: MatchupsFile): Promise<KeptMatchups> {
    try {
      await mkdir(dirname(join(folder, MATCHUP_PATHS.rollouts(1))), { recursive: true });
    } catch (error) {
      throw writeError(folder, error);
    }
    const file = await readMatchups(folder);
    const foreign = await foreignName(folder, file?.rollouts.length ?? 0);
    if (foreign !== undefined) throw new Error(`${folder} is not empty (${foreign}): match-ups need a folder of their own`);
    if (file !== null) refuseOther(folder, file, planned);
    return new KeptMatchups(folder, file);
  }

  /** The match-up of a number, if it is there, whole, and of the same key; else it has to be played. */
  async recall(number: number, key: string | undefined, players: Pair<number>, options: MatchupOptions): Promise<KeptMatchup | null> {
    const entry = this.file?.rollouts[number - 1];
    if (key === undefined || entry?.key !== key || entry.file !== MATCHUP_PATHS.rollouts(number)) return null;
    try {
      if ((await sha256OfFile(join(this.folder, entry.file))) !== entry.sha256) return null;
      const rows = await this.#reader.all(this.folder, entry, READ_COLUMNS);
      const matchup = await rebuildMatchup(rows, players, options);
      return matchup && { matchup, entry };
    } catch (error) {
      if (error instanceof RolloutError || isMissing(error)) return null;
      throw error;
    }
  }
}

/** A name that no evaluation leaves, even where it is killed: a draft of what is written next, and rollouts that are not named yet. */
async function foreignName(folder: string, named: number): Promise<string | undefined> {
  const { matchups, heatMap, rollouts } = MATCHUP_PATHS;
  const own = named === 0 ? [`${matchups}.tmp`] : [matchups, `${matchups}.tmp`, heatMap, `${heatMap}.tmp`];
  const files = Array.from({ length: named + 1 }, (_, i) => rollouts(i + 1).replace('rollouts/', ''));
  const ownRollouts = new Set(files.flatMap((name) => [name, `${name}.tmp`]));
  const outside = (await readdir(folder)).find((name) => name !== 'rollouts' && !own.includes(name));
  return outside ?? (await readdir(join(folder, 'rollouts'))).find((name) => !ownRollouts.has(name));
}

/** What must be the same for an evaluation to go on, in words. */
const DECIDES = {
  game: 'another game',
  players: 'other players',
  members: 'other players',
  negotiations: 'another number of negotiations',
  seed: 'another seed',
  rules: 'other rules',
  sampling: 'other sampling',
} as const satisfies Partial<Record<keyof MatchupsFile, string>>;

function refuseOther(folder: string, file: MatchupsFile, planned: MatchupsFile): void {
  // As it would be written, without what is undefined.
  const written = JSON.parse(JSON.stringify(planned)) as MatchupsFile;
  for (const [key, words] of Object.entries(DECIDES) as [keyof typeof DECIDES, string][]) {
    if (isDeepStrictEqual(file[key], written[key])) continue;
    const was = file[key] === undefined ? 'none' : JSON.stringify(file[key]);
    throw new Error(`${folder} holds match-ups with ${words} (${was}): choose a new folder, or evaluate the same to go on with these`);
  }
}
