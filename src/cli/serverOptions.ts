import type { TrainParams } from '../protocol/trainer';
import { NORMALISATIONS, SERVER_KEY_VARIABLE, serverUrl } from '../protocol/trainingServer';
import type { Layer } from '../runs/presets';
import { firstIssue } from '../runs/problem';
import { type Arguments, type OptionSpec, UsageError } from './arguments';

/** Where a training server is. */
export const BASE_URL_OPTION: OptionSpec = {
  name: 'base-url',
  value: 'URL',
  about:
    'the training server, such as http://127.0.0.1:8000; its key, if it wants one, is\nread from the environment variable TINKER_API_KEY',
};

/** Options of a run on a training server. */
export const SERVER_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'engine',
    value: 'ENGINE',
    about:
      'onnx (default): this machine. tinker: a training server that speaks the Tinker API;\n--policy is then the folder with the tokenizer of its base model',
  },
  BASE_URL_OPTION,
  { name: 'base-model', value: 'NAME', about: 'the model that the training server has, such as Qwen/Qwen3-0.6B' },
  { name: 'rank', value: 'N', about: 'rank of the LoRA adapter, instead of the preset’s' },
  {
    name: 'normalisation',
    value: 'HOW',
    about: 'how the server makes one loss of a batch: sum (default), or mean-of-means\n(SkyRL’s JAX backend)',
  },
];

/** The engine's settings that the command line gives; none where nothing is said. @throws UsageError */
export function serverLayers(args: Arguments): Layer[] {
  const rank = args.count('rank', 1);
  const ranked: Layer[] = rank === undefined ? [] : [{ source: '--rank', settings: { adapter: { rank } } }];
  const engine = args.choice('engine', ['onnx', 'tinker']);
  if (engine !== 'tinker') {
    const lone = ['base-url', 'base-model', 'normalisation'].find((name) => args.has(name));
    if (lone !== undefined) throw new UsageError(`--${lone} is for a training server: give --engine tinker`);
    return ranked;
  }
  const baseUrl = readBaseUrl(args);
  const baseModel = args.text('base-model');
  if (baseUrl === undefined)
    throw new UsageError('--engine tinker: give the server’s address by --base-url, such as http://127.0.0.1:8000');
  if (baseModel === undefined) throw new UsageError('--engine tinker: name the server’s model by --base-model, such as Qwen/Qwen3-0.6B');
  if (!args.has('policy') && !args.has('preset'))
    throw new UsageError('--engine tinker: give --policy DIR, the folder with the tokenizer and chat template of the server’s model');
  const normalisation = args.choice('normalisation', NORMALISATIONS) ?? 'sum';
  return [{ source: '--engine tinker', settings: { engine: { kind: 'tinker', baseUrl, baseModel, normalisation } } }, ...ranked];
}

/** The server's key, from the environment, and where it is now, if that is said. @throws UsageError */
export function readServer(args: Arguments): Pick<TrainParams, 'server'> {
  const baseUrl = readBaseUrl(args);
  const key = process.env[SERVER_KEY_VARIABLE];
  return { server: { ...(baseUrl !== undefined && { baseUrl }), ...(key && { key }) } };
}

function readBaseUrl(args: Arguments): string | undefined {
  const text = args.text('base-url');
  if (text === undefined) return undefined;
  const parsed = serverUrl.safeParse(text);
  if (!parsed.success) throw new UsageError(`--base-url ${text}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}
