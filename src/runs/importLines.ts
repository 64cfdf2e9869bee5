import { open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CREDIT_TOLERANCE, IMPORT_LINES, type ImportLine, importLine } from '../protocol/imports';
import { writeError } from './durableFile';
import { isMissing, messageOf, type Problem } from './problem';

/** Skipped files that are listed one by one. */
const LISTED = 20;

/** Files that negotiations and their credits are in; beside them lie configurations and statistics. */
const NEGOTIATIONS = /\.rt\.pkl$|_tokenwise\.csv$/;

/** What imported.jsonl says of each folder of the run. A line that is damaged or torn is left out: its folder is read again. */
export async function readImportLines(out: string): Promise<Map<string, ImportLine>> {
  const lines = new Map<string, ImportLine>();
  let text = '';
  try {
    text = await readFile(join(out, IMPORT_LINES), 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw new Error(`${IMPORT_LINES} cannot be read (${messageOf(error)})`);
  }
  for (const written of text.split('\n')) {
    const line = parse(written);
    if (line !== undefined) lines.set(line.folder, line);
  }
  return lines;
}

/** Adds a line. @throws WriteError */
export async function appendImportLine(out: string, line: ImportLine): Promise<void> {
  const path = join(out, IMPORT_LINES);
  try {
    const file = await open(path, 'a');
    try {
      // The line end goes first: it ends a line that was torn off.
      await file.writeFile(`\n${JSON.stringify(line)}`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw writeError(path, error);
  }
}

/** What a reader should know of an import: files that were skipped, and credits that the settings don't explain. */
export function importProblems(lines: Iterable<ImportLine>): Problem[] {
  const all = [...lines];
  const skipped = all.flatMap((line) => line.skipped);
  const lost = skipped.filter(({ file }) => NEGOTIATIONS.test(file));
  const listed = lost.slice(0, LISTED).map(({ file, reason }) => ({ file: basename(file), message: `${file} was skipped: it ${reason}` }));
  const more = (count: number, what: string): void => {
    if (count > 0) listed.push({ file: IMPORT_LINES, message: `${count} ${what}: ${IMPORT_LINES} names them` });
  };
  more(lost.length - listed.length, 'more files of negotiations were skipped');
  more(skipped.length - lost.length, 'files that are no negotiations were not read');
  const check = creditCheckOf(all);
  if (check === null || check.largest <= CREDIT_TOLERANCE) return listed;
  return [{ file: 'credits', message: creditCheckText(check) }, ...listed];
}

/** How far recomputed credits are from logged ones, over a whole run. */
export interface RunCreditCheck {
  readonly tokens: number;
  /** Largest |logged − recomputed|. */
  readonly largest: number;
  readonly file: string;
  readonly round: number;
  readonly logged: number;
  readonly recomputed: number;
}

/** The checks of a run's iterations as one; null where nothing was logged. */
export function creditCheckOf(lines: Iterable<ImportLine>): RunCreditCheck | null {
  let tokens = 0;
  let worst: Omit<RunCreditCheck, 'tokens'> | null = null;
  for (const { check } of lines) {
    tokens += check?.tokens ?? 0;
    if (!check?.at || check.largestDifference === null || check.largestDifference <= (worst?.largest ?? -1)) continue;
    const { file, round, logged, recomputed } = check.at;
    worst = { largest: check.largestDifference, file, round, logged, recomputed };
  }
  return worst === null ? null : { tokens, ...worst };
}

/** The same in one line. */
export function creditCheckText({ tokens, largest, file, round, logged, recomputed }: RunCreditCheck): string {
  const of = `of ${tokens} logged ${tokens === 1 ? 'credit' : 'credits'}`;
  if (largest <= CREDIT_TOLERANCE) return `the recomputed credits are those ${of}, to ${largest.toExponential(1)}`;
  return (
    `recomputed credits differ from the ${of.slice(3)} by up to ${largest.toPrecision(3)} ` +
    `(${file}, round ${round + 1}: ${logged.toPrecision(4)} logged, ${recomputed.toPrecision(4)} recomputed): the run may have had other settings`
  );
}

function parse(text: string): ImportLine | undefined {
  if (text === '') return undefined;
  try {
    return importLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
