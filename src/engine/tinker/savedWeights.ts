import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/** What a run folder keeps of weights that lie on a training server. */
const savedWeights = z.strictObject({
  format: z.literal(1),
  /** The server that has them. */
  server: z.string(),
  base_model: z.string(),
  rank: z.int().positive(),
  /** Where they are there: `tinker://…`. */
  path: z.string().min(1),
  /** Optimizer steps taken. */
  steps: z.int().nonnegative(),
});

/** See `savedWeights`. */
export type SavedWeights = z.infer<typeof savedWeights>;

/** Names of the files: an adapter to sample from, and one to train on, its optimizer included. */
export const SAVED = { sampler: 'server_sampler.json', weights: 'server_weights.json' } as const;

/** The route of saved weights such as `tinker://MODEL/weights/NAME`, under `/api/v1`; null where a path is none of the API's. */
export function savedRoute(path: string): string | null {
  const [, model, name] = /^tinker:\/\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (model === undefined || name === undefined) return null;
  return `/training_runs/${encodeURIComponent(model)}/checkpoints/${name.split('/').map(encodeURIComponent).join('/')}`;
}

/** Writes where weights are. */
export function writeSaved(folder: string, kind: keyof typeof SAVED, saved: Omit<SavedWeights, 'format'>): Promise<void> {
  return writeFile(join(folder, SAVED[kind]), `${JSON.stringify({ format: 1, ...saved }, null, 2)}\n`);
}

/** Reads it back. @throws Error naming the file that is missing or wrong */
export async function readSaved(folder: string, kind: keyof typeof SAVED): Promise<SavedWeights> {
  const path = join(folder, SAVED[kind]);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null)
    throw new Error(`${path} is missing: ${folder} holds no policy of a training server; those of other engines cannot be used there`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${path} is not whole JSON: restore it from a copy`);
  }
  const parsed = savedWeights.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not what Parley wrote'}`);
}
