import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { random } from '../../domain/random';
import { originOf } from '../../protocol/chatEndpoints';
import type { TinkerEngineSettings } from '../../protocol/trainingServer';
import { type Clock, systemClock } from '../chat-api/clock';
import { openWeights } from '../onnx/model/modelFolder';
import { hashFiles } from '../onnx/model/safetensors';
import { TextTokenizer } from '../onnx/tokenizer/textTokenizer';
import { ask } from './futures';
import { Http, PATIENCE, type Patience } from './http';
import { nameHash } from './nameHash';
import { RemotePolicy } from './remotePolicy';
import { RemoteSampler } from './remoteSampler';
import { ServerError } from './serverError';
import { Session } from './session';
import { TinkerEngine } from './tinkerEngine';
import { capabilities } from './wire';

/** How the engine is opened. */
export interface TinkerEngineOptions extends Omit<TinkerEngineSettings, 'kind'> {
  /** A folder with the base model's tokenizer.json, tokenizer_config.json and chat template. */
  readonly tokenizer: string;
  /** Sent to the server's origin alone. */
  readonly key?: string | undefined;
  /** Ends everything under way. */
  readonly signal: AbortSignal;
  /** Parley's, for the server's records. */
  readonly version: string;
  readonly heartbeat?: number;
  readonly patience?: Partial<Patience>;
  readonly clock?: Clock;
}

/** Opens a session with a training server. @throws ServerError, or Error naming the tokenizer's file that is wrong */
export async function openTinkerEngine(options: TinkerEngineOptions): Promise<TinkerEngine> {
  const { tokenizer: folder, baseUrl, baseModel, signal, clock = systemClock } = options;
  const http = new Http({
    baseUrl,
    key: options.key,
    clock,
    random: random('server', baseUrl),
    patience: { ...PATIENCE, ...options.patience },
  });
  const tokenizer = await TextTokenizer.read(folder, await vocabularySize(folder));
  const mostTokens = await contextLength(http, baseModel, signal);
  const session = await Session.begin(http, options);
  try {
    const base = await RemoteSampler.open(session, { base_model: baseModel });
    const device = `server ${originOf({ baseUrl })}`;
    const info = { device, threads: 1, model: baseModel, modelHash: await baseHash(folder, baseModel), parameters: 0 };
    return new TinkerEngine({ session, settings: options, tokenizer, info, mostTokens, base: new RemotePolicy('base', base) });
  } catch (error) {
    session.end();
    throw signal.aborted ? signal.reason : error;
  }
}

/** The longest transcript that the server takes, where it tells. @throws ServerError where it has other base models only */
async function contextLength(http: Http, baseModel: string, signal: AbortSignal): Promise<number | null> {
  // The first question is asked without much patience: an address that is wrong does not become right.
  const call = { path: '/get_server_capabilities', repeatable: true, retries: 1, isFirst: true, signal, what: 'its capabilities' };
  const { supported_models: models } = await ask(http, capabilities, call);
  const names = models.flatMap(({ model_name }) => model_name ?? []);
  const found = models.find(({ model_name }) => model_name === baseModel);
  if (!found && names.length > 0)
    throw new ServerError(http.server, 'refused', `it does not train ${baseModel}: it has ${names.slice(0, 8).join(', ')}`);
  return found?.max_context_length ?? null;
}

/** Over the weights where the folder has them, as on any engine; else over the model's name and its tokenizer. */
async function baseHash(folder: string, baseModel: string): Promise<string> {
  const weights = await openWeights(folder).catch(() => null);
  if (weights !== null) return hashFiles(weights.map(({ path }) => path));
  return nameHash(folder, baseModel);
}

/** From config.json where there is one: a tokenizer's folder need hold no more than the tokenizer. */
async function vocabularySize(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}');
  const said = /"vocab_size"\s*:\s*(\d+)/.exec(text)?.[1];
  return said === undefined ? 2 ** 31 - 1 : Number(said);
}
