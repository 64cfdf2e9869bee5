import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import * as z from 'zod';
import { looksLikeAdAlign } from './adalignFolder';
import { type ChildEnd, ManagedChild } from './managedChild';
import { firstIssue } from './problem';

/** The setting that describes an external run. */
export const EXTERNAL_SETTING = 'parley.externalRun';

/** Folders below the output folder that a run's own may be in: Hydra makes one for the day and one for the time. */
const DEPTH = 2;

const setting = z.strictObject({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  /** Absolute. */
  cwd: z.string().refine(isAbsolute, 'give an absolute path'),
  /** Where its run folder appears, or a folder in it; relative to `cwd` unless absolute. */
  output: z.string().min(1),
});

/** A command that writes a run of AdAlignLLM's. */
export type ExternalCommand = z.infer<typeof setting>;

/** Reads the setting. @throws RangeError in one line that names what is wrong */
export function readExternalCommand(value: unknown): ExternalCommand {
  if (value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)) {
    throw new RangeError(`${EXTERNAL_SETTING} is not set: give {"command", "args", "cwd", "output"} in the settings`);
  }
  const parsed = setting.safeParse(value);
  if (!parsed.success) throw new RangeError(`${EXTERNAL_SETTING}.${firstIssue(parsed.error)}`);
  return { ...parsed.data, output: resolve(parsed.data.cwd, parsed.data.output) };
}

/** One external process at a time, whose lines are logged and whose run folder is found once it is there. */
export class ExternalRun extends ManagedChild {
  /** Run folders that were there before it began. */
  #before: ReadonlySet<string> = new Set();

  constructor(log: (line: string) => void) {
    super('an external run', log);
  }

  override async start(command: ExternalCommand): Promise<{ readonly ended: Promise<ChildEnd> }> {
    const before = await runsIn(command.output, DEPTH);
    const started = await super.start(command);
    this.#before = new Set(before);
    return started;
  }

  /** The run folder that the process has made so far, if it has begun one; an older one in the output folder is not taken for it. */
  async findFolder({ output }: ExternalCommand): Promise<string | undefined> {
    const found = await runsIn(output, DEPTH);
    return found.find((folder) => folder === output || !this.#before.has(folder));
  }
}

/** Makes sure that there is a folder to look into. */
export function prepareOutput({ output }: ExternalCommand): void {
  mkdirSync(output, { recursive: true });
}

/** Run folders in a folder, the last by name first; nobody looks into those. */
async function runsIn(folder: string, depth: number): Promise<string[]> {
  if (await looksLikeAdAlign(folder)) return [folder];
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const found: string[] = [];
  for (const name of names.sort().reverse()) found.push(...(await runsIn(join(folder, name), depth - 1)));
  return found;
}
