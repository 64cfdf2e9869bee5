import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import type { RunConfig } from '../../protocol/runConfig';
import { RUN_PATHS } from '../../protocol/runFiles';
import { sha256OfFile } from '../../runs/durableFile';
import { isEmbeddedPolicy } from '../../runs/embeddedPolicy';
import { readJournal } from '../../runs/journal';
import { isMissing } from '../../runs/problem';
import { EMBEDDED_POLICY } from '../environment';
import { readRunFile, verify } from '../resume';
import { PlayerError } from './playerError';

/** Where a policy's weights are. */
export interface PolicySource {
  /** The base model: `embedded`, or a Hugging Face model folder. */
  readonly model: string;
  /** The folder to load over it; null for the base model itself. */
  readonly checkpoint: string | null;
  /** SHA-256 of the checkpoint's files, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** The run that trained it, where there is one. */
  readonly run: { readonly folder: string; readonly config: RunConfig; readonly iteration: number } | null;
}

/** A source with the name that it goes by: `ipd-aa@200`, or the folder's. */
export interface FoundPolicy extends PolicySource {
  readonly name: string;
}

const ADAPTER_CONFIG = 'adapter_config.json';

const adapterConfig = z.looseObject({ base_model_name_or_path: z.string().min(1) });

/**
 * Looks for a policy by its path: a run folder with or without `@ITERATION`, a checkpoint in or out of a run, a model.
 * Null where there is no such folder.
 * @throws PlayerError for a folder that holds no policy, and an iteration without a checkpoint.
 */
export async function findPolicy(text: string, cwd: string): Promise<FoundPolicy | null> {
  const path = resolve(cwd, text);
  if (existsSync(path)) return policyIn(path, text);
  const at = /^(.+)@(\d+|latest)$/.exec(text);
  if (at) {
    const run = resolve(cwd, at[1]!);
    if (existsSync(run)) {
      if (!existsSync(join(run, RUN_PATHS.run))) throw new PlayerError(`${text}: ${at[1]} is no run folder, it has no ${RUN_PATHS.run}`);
      return inRun(run, at[2] === 'latest' ? undefined : Number(at[2]));
    }
  }
  return null;
}

/** Paths beside a misspelt one, written as it is written, `@ITERATION` included. */
export async function pathsBeside(text: string, cwd: string): Promise<string[]> {
  const [, path = text, iteration = ''] = /^(.+?)(@\d+|@latest)$/.exec(text) ?? [];
  const names = await readdir(dirname(resolve(cwd, path))).catch(() => []);
  return names.map((name) => join(dirname(path), name) + iteration);
}

async function policyIn(path: string, text: string): Promise<FoundPolicy> {
  if (existsSync(join(path, RUN_PATHS.run))) return inRun(path, undefined);
  const run = dirname(dirname(path));
  const iteration = /^\d{6}$/.test(basename(path)) && basename(dirname(path)) === 'checkpoints' ? Number(basename(path)) : undefined;
  if (iteration !== undefined && existsSync(join(run, RUN_PATHS.run))) return inRun(run, iteration);
  if (existsSync(join(path, ADAPTER_CONFIG)))
    return { name: basename(path), model: await baseOf(path), checkpoint: path, files: await sumsOf(path), run: null };
  if (existsSync(join(path, 'config.json'))) return { name: basename(path), model: path, checkpoint: null, run: null };
  throw new PlayerError(
    `${text} holds no policy: no ${RUN_PATHS.run} (a run), no ${ADAPTER_CONFIG} (a checkpoint) and no config.json (a model). Give a folder that has one of them`,
  );
}

/** A checkpoint of a run; the newest unless an iteration is given. */
async function inRun(folder: string, iteration: number | undefined): Promise<FoundPolicy> {
  const { config } = await readRunFile(folder);
  const { lines } = await readJournal(folder);
  const kept = lines.flatMap((line) =>
    line.type === 'iteration' && line.checkpoint ? [{ iteration: line.iteration, checkpoint: line.checkpoint }] : [],
  );
  const newest = kept.at(-1);
  if (!newest) throw new PlayerError(`${folder} has no checkpoint yet: let it train until its start is committed`);
  const chosen = iteration === undefined ? newest : kept.find((line) => line.iteration === iteration);
  if (!chosen) {
    const near = kept.reduce((a, b) => (Math.abs(b.iteration - iteration!) < Math.abs(a.iteration - iteration!) ? b : a));
    throw new PlayerError(`${folder} has no checkpoint of iteration ${iteration}: the nearest is ${basename(folder)}@${near.iteration}`);
  }
  await verify(folder, chosen.checkpoint);
  return {
    name: `${basename(folder)}@${chosen.iteration}`,
    model: config.policy,
    checkpoint: join(folder, chosen.checkpoint.folder),
    files: chosen.checkpoint.files,
    run: { folder, config, iteration: chosen.iteration },
  };
}

/** SHA-256 of what an adapter's folder has of weights and settings. */
async function sumsOf(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path)).filter((name) => name === ADAPTER_CONFIG || name.endsWith('.safetensors'));
  const sums = await Promise.all(names.map(async (name) => [name, await sha256OfFile(join(path, name))] as const));
  return Object.fromEntries(sums);
}

/** The base model that an adapter names; the embedded policy is known wherever it was installed. */
async function baseOf(path: string): Promise<string> {
  const file = join(path, ADAPTER_CONFIG);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new PlayerError(isMissing(error) ? `${file} is missing` : `${file} is not JSON`);
  }
  const parsed = adapterConfig.safeParse(json);
  if (!parsed.success) throw new PlayerError(`${file} names no base model (base_model_name_or_path): it is not an adapter of PEFT`);
  const base = parsed.data.base_model_name_or_path;
  if (existsSync(join(base, 'config.json'))) return base;
  if (isEmbeddedPolicy(base)) return EMBEDDED_POLICY;
  throw new PlayerError(
    `${file}: its base model ${base} is not on this machine: put the folder there, or name it in base_model_name_or_path`,
  );
}
