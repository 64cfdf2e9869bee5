import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Annotation, byId } from './annotation';
import { type AnnotationFile, EMPTY_FILE, formatAnnotations, parseAnnotations } from './annotationFile';
import { mergeAll } from './merge';

/** Git keeps both people's lines where they meet; reading makes one annotation of two lines of one id. */
const ATTRIBUTES = '*.jsonl merge=union text eol=lf\n';

/** The annotations of a workspace: a folder (`.parley/annotations`) with a file a run. */
export class AnnotationStore {
  /** Writes to one run follow each other. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(readonly folder: string) {}

  /** Where a run's annotations are. */
  pathOf(run: string): string {
    return join(this.folder, `${fileName(run)}.jsonl`);
  }

  /** A run's annotations, deleted ones included; none where there is no file. */
  async read(run: string): Promise<AnnotationFile> {
    try {
      return parseAnnotations(await readFile(this.pathOf(run), 'utf8'));
    } catch (error) {
      if (isMissing(error)) return EMPTY_FILE;
      throw error;
    }
  }

  /** Runs that have a file. */
  async runs(): Promise<string[]> {
    try {
      const names = await readdir(this.folder);
      return names
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => runName(name.slice(0, -'.jsonl'.length)))
        .sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** Adds annotations, or merges them with what the file has of the same id. */
  put(run: string, ...annotations: readonly Annotation[]): Promise<AnnotationFile> {
    return this.#write(run, ({ annotations: known, broken }) => ({ annotations: mergeAll([...known, ...annotations]), broken }));
  }

  /**
   * Changes one annotation as the file has it now, which another window or a pull may have changed since it was read.
   * @throws RangeError when there is no such annotation
   */
  async change(run: string, id: string, change: (annotation: Annotation) => Annotation): Promise<Annotation> {
    let changed: Annotation | undefined;
    await this.#write(run, ({ annotations, broken }) => {
      const known = annotations.find((annotation) => annotation.id === id);
      if (known === undefined) throw new RangeError(`${basename(this.pathOf(run))} has no annotation ${id}`);
      changed = change(known);
      return { annotations: [...annotations.filter((annotation) => annotation !== known), changed].sort(byId), broken };
    });
    return changed!;
  }

  #write(run: string, change: (file: AnnotationFile) => AnnotationFile): Promise<AnnotationFile> {
    const before = this.#last.get(run) ?? Promise.resolve();
    const writing = before
      .catch(() => undefined)
      .then(async () => {
        const changed = change(await this.read(run));
        await mkdir(this.folder, { recursive: true });
        await this.#attributes();
        await replace(this.pathOf(run), formatAnnotations(changed));
        return changed;
      });
    this.#last.set(run, writing);
    return writing;
  }

  /** Tells git how these files merge; what a person wrote there is left alone. */
  async #attributes(): Promise<void> {
    try {
      await writeFile(join(this.folder, '.gitattributes'), ATTRIBUTES, { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Where the annotations of a run in `.parley/runs` are: beside the runs. Undefined for a run that lies elsewhere. */
export function annotationsBeside(runFolder: string): string | undefined {
  const runs = dirname(runFolder);
  const parley = dirname(runs);
  return basename(runs) === 'runs' && basename(parley) === '.parley' ? join(parley, 'annotations') : undefined;
}

/** Written beside, fsynced, renamed: a crash leaves the old file or the new one, whole. */
async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  let file: FileHandle | undefined;
  try {
    file = await open(draft, 'w');
    await file.writeFile(text);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(draft, path);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** A run's id as the name of a file on any system; `runName` is its inverse. */
function fileName(run: string): string {
  const escaped = (char: string): string =>
    [...new TextEncoder().encode(char)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const name = run.replace(/[^A-Za-z0-9_-]/gu, escaped);
  // Names that Windows keeps for devices.
  return /^(con|prn|aux|nul|com\d|lpt\d)$/i.test(name) ? escaped(name[0]!) + name.slice(1) : name;
}

function runName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
