import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CARD_FORMAT, type CheckpointAddress, type PolicyCard, policyCard } from '../protocol/policyCards';
import { sha256, writeDurably } from './durableFile';
import type { InferenceProcess, WorkOptions } from './inferenceProcess';
import type { OpenRun } from './openRun';
import { messageOf } from './problem';

/** A checkpoint of an open run; iteration null is the base model that the run began with. */
export interface Checkpoint {
  readonly run: OpenRun;
  readonly iteration: number | null;
}

/** What cards are made with. */
export interface PolicyCardsOptions {
  /** Where cards are kept. */
  readonly folder: string;
  readonly inference: Pick<InferenceProcess, 'perform'>;
  /** Whether cards may be computed; those that are kept are shown either way. */
  mayCompute(): boolean;
  /** What cards are computed on; numbers of different devices differ in their last digits. */
  device(): string;
  log(line: string): void;
}

/** A card that is not kept, where nothing may be computed. */
export class NeedsTrust extends Error {
  override readonly name = 'NeedsTrust';
}

/** A checkpoint that is none; the message says which there are. */
export class NoCheckpoint extends Error {
  override readonly name = 'NoCheckpoint';
}

/** Cards that are kept at most; the ones not read for longest go. */
const KEPT = 500;

const cosineFile = z.strictObject({ format: z.literal(CARD_FORMAT), text: z.string() });

/**
 * Policy cards, computed once for the same content and kept: the key is made of what a card depends on (the checkpoint's checksums, the
 * base model's, the configuration, the journal's line, the format), so a copy of a run finds the same cards.
 */
export class PolicyCards {
  /** Cards under way, by key. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(private readonly options: PolicyCardsOptions) {}

  /** The card of a checkpoint. @throws NoCheckpoint, NeedsTrust, and what computing throws */
  async card(checkpoint: Checkpoint, how: WorkOptions = {}): Promise<PolicyCard> {
    const compute = (): Promise<PolicyCard> => this.options.inference.perform('policyCard', { checkpoint: addressOf(checkpoint) }, how);
    return this.#kept(this.#key(checkpoint), policyCard, nameOf(checkpoint), compute);
  }

  /** The section of a card about the cosine between two updates; the same whichever is left. @throws like `card` */
  async cosine(left: Checkpoint, right: Checkpoint, how: WorkOptions = {}): Promise<string> {
    const key = sha256(JSON.stringify(['cosine', ...[this.#key(left), this.#key(right)].sort()]));
    const compute = async (): Promise<z.infer<typeof cosineFile>> => ({
      format: CARD_FORMAT,
      text: await this.options.inference.perform('updateCosine', { left: addressOf(left), right: addressOf(right) }, how),
    });
    return (await this.#kept(key, cosineFile, `${nameOf(left)} and ${nameOf(right)}`, compute)).text;
  }

  /** `cosine`, or in its place why there is none: both cards may be kept where no more can be computed. */
  async comparison(left: Checkpoint, right: Checkpoint, how: WorkOptions = {}): Promise<string> {
    try {
      return await this.cosine(left, right, how);
    } catch (error) {
      how.signal?.throwIfAborted();
      return `Cosine between the two updates ΔW that are compared\n  none: ${messageOf(error)}\n`;
    }
  }

  /** What everything in a card follows from. */
  #key(checkpoint: Checkpoint): string {
    const { run, iteration } = checkpoint;
    const { file } = run.folder;
    if (file === null) throw new NoCheckpoint(`${run.name}: ${run.folder.problems[0]?.message ?? 'its run.json cannot be read'}`);
    const { game, gameSettings, decoding, retries, temperature, klOver } = file.config;
    const shared = { format: CARD_FORMAT, device: this.options.device(), model: file.model.sha256, source: file.model.source };
    if (iteration === null) return sha256(JSON.stringify({ ...shared, game, gameSettings, decoding, retries, temperature, klOver }));
    const line = run.folder.iteration(iteration);
    if (line?.checkpoint === undefined) {
      const kept = checkpointsOf(run);
      throw new NoCheckpoint(
        `${run.name} has no checkpoint of iteration ${iteration}: ${kept.length === 0 ? 'it has none yet' : `there are ${kept.join(', ')}`}`,
      );
    }
    const { checkpoint: saved, measures, training } = line;
    return sha256(JSON.stringify({ ...shared, config: file.config, iteration, files: saved.files, measures, training }));
  }

  /** Those who ask at the same time share one answer, from the first look at what is kept to its being kept. */
  #kept<T>(key: string, schema: z.ZodType<T>, name: string, compute: () => Promise<T>): Promise<T> {
    const underWay = this.#underWay.get(key) as Promise<T> | undefined;
    if (underWay !== undefined) return underWay;
    const making = this.#readOrMake(key, schema, name, compute).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, making);
    return making;
  }

  async #readOrMake<T>(key: string, schema: z.ZodType<T>, name: string, compute: () => Promise<T>): Promise<T> {
    const kept = await this.#read(key, schema);
    if (kept !== null) return kept;
    if (!this.options.mayCompute()) {
      throw new NeedsTrust(
        `The card of ${name} was not computed before, and computing it needs a trusted workspace: in this one Parley shows the cards it has, and computes nothing`,
      );
    }
    const made = await compute();
    await this.#write(key, made);
    return made;
  }

  async #read<T>(key: string, schema: z.ZodType<T>): Promise<T | null> {
    const path = this.#path(key);
    try {
      const kept = schema.parse(JSON.parse(await readFile(path, 'utf8')));
      const now = new Date();
      await utimes(path, now, now);
      return kept;
    } catch {
      // Missing, of an older format or damaged: all three are mended by computing it.
      return null;
    }
  }

  /** A card that cannot be kept is shown all the same. */
  async #write(key: string, card: unknown): Promise<void> {
    try {
      await mkdir(this.options.folder, { recursive: true });
      await writeDurably(this.#path(key), JSON.stringify(card));
      await this.#trim();
    } catch (error) {
      this.options.log(`a policy card could not be kept: ${messageOf(error)}`);
    }
  }

  async #trim(): Promise<void> {
    const names = (await readdir(this.options.folder)).filter((name) => name.endsWith('.json'));
    if (names.length <= KEPT) return;
    const paths = names.map((name) => join(this.options.folder, name));
    const aged = await Promise.all(paths.map(async (path) => ({ path, read: (await stat(path)).mtimeMs })));
    aged.sort((a, b) => a.read - b.read);
    for (const { path } of aged.slice(0, names.length - KEPT)) await rm(path, { force: true });
  }

  #path(key: string): string {
    return join(this.options.folder, `${key}.json`);
  }
}

/** Iterations of a run that have a checkpoint, ascending. */
export function checkpointsOf({ folder }: OpenRun): number[] {
  return folder.iterations.flatMap(({ iteration, checkpoint }) => (checkpoint === undefined ? [] : [iteration]));
}

/** How a checkpoint is called where people read it: `ipd aa, seed 0 @40`. */
export function nameOf({ run, iteration }: Checkpoint): string {
  return iteration === null ? `the base model of ${run.name}` : `${run.name} @${iteration}`;
}

function addressOf({ run, iteration }: Checkpoint): CheckpointAddress {
  return { folder: run.folder.path, iteration };
}
