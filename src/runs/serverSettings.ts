import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { isLoopback, NORMALISATIONS, serverUrl } from '../protocol/trainingServer';
import type { ChildCommand } from './managedChild';
import type { Layer, Settings } from './presets';
import { firstIssue } from './problem';

/** The settings that describe a training server. */
export const SERVER_SETTINGS = 'parley.tinker';

const server = z.object({
  baseUrl: serverUrl,
  baseModel: z.string().min(1),
  /** A Hugging Face folder with the base model's tokenizer and chat template. */
  tokenizer: z
    .string()
    .refine(isAbsolute, 'give an absolute path of a folder with the base model’s tokenizer.json, tokenizer_config.json and chat template'),
  rank: z.int().positive(),
  normalisation: z.enum(NORMALISATIONS),
});

const command = z.object({
  command: z.object({
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    cwd: z.string().refine(isAbsolute, 'give an absolute path, such as that of SkyRL’s folder'),
  }),
});

/** A training server as the settings describe it. */
export type ConfiguredServer = z.infer<typeof server>;

/** Whether the settings name a model to train on a server. */
export function hasServer(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'baseModel' in value && typeof value.baseModel === 'string' && value.baseModel !== ''
  );
}

/** Reads the settings. @throws RangeError in one line that names the setting that is wrong */
export function readServer(value: unknown): ConfiguredServer {
  if (!hasServer(value)) throw new RangeError(`${SERVER_SETTINGS}.baseModel is not set: name the model that the training server has`);
  return parse(server, value);
}

/** What the settings set in a run's configuration. */
export function serverLayer({ baseUrl, baseModel, tokenizer, rank, normalisation }: ConfiguredServer): Layer {
  const settings: Settings = {
    policy: tokenizer,
    engine: { kind: 'tinker', baseUrl, baseModel, normalisation },
    adapter: { rank },
  };
  return { source: SERVER_SETTINGS, settings };
}

/**
 * The command that starts the server on this machine, with `${baseModel}`, `${port}`, `${rank}` and `${storage}` filled in.
 * @param storage a folder of ours for what the server keeps
 * @throws RangeError in one line that names the setting that is wrong, or what would let other machines in
 */
export function readServerCommand(value: unknown, storage: string): ChildCommand {
  const { baseUrl, baseModel, rank } = readServer(value);
  const { args, ...rest } = parse(command, value).command;
  if (!isLoopback(baseUrl))
    throw new RangeError(`${SERVER_SETTINGS}.baseUrl ${baseUrl} is not this machine: set it to http://127.0.0.1:8000`);
  const url = new URL(baseUrl);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const known: Readonly<Record<string, string>> = { baseModel, port, rank: String(rank), storage: storage.replaceAll('\\', '/') };
  const filled = args.map((arg) =>
    arg.replace(/\$\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(known, name) ? known[name]! : whole)),
  );
  const open = filled.find((arg) => /(^|[=:/])(0\.0\.0\.0|\[?::\]?)($|:\d)/.test(arg));
  if (open !== undefined)
    throw new RangeError(
      `${SERVER_SETTINGS}.command: ${open} would let other machines use the server, which asks for no key: use 127.0.0.1`,
    );
  return { ...rest, args: filled };
}

/** Where a server that we start keeps its weights and its database. */
export function serverStorage(globalStorage: string): string {
  return join(globalStorage, 'training-server');
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new RangeError(`${SERVER_SETTINGS}.${firstIssue(parsed.error)}`);
  return parsed.data;
}
