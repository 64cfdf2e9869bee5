import { LORA_TARGETS, type RunConfig } from './runConfig';
import type { TinkerEngineSettings } from './trainingServer';

type Configured = Pick<
  RunConfig,
  | 'engine'
  | 'policy'
  | 'decoding'
  | 'adapter'
  | 'temperature'
  | 'clipNorm'
  | 'klCoefficient'
  | 'entropyCoefficient'
  | 'retries'
  | 'countForced'
>;

/** Whether a run trains on a training server. */
export function trainsOnServer<T extends Pick<RunConfig, 'engine'>>(config: T): config is T & { readonly engine: TinkerEngineSettings } {
  return config.engine?.kind === 'tinker';
}

/** The first setting that a training server cannot do, in one line with the remedy; null where it can do all. */
export function serverRefusal(config: Configured): { readonly key: string; readonly line: string } | null {
  if (!trainsOnServer(config)) return null;
  const { adapter } = config;
  if (config.decoding === 'masked')
    return refuse('decoding', 'a training server cannot hold sampling to a mask: set decoding=free, or decoding=retry');
  if (adapter.kind === 'full') return refuse('adapter', 'a training server trains LoRA adapters only: set adapter.kind=lora');
  if (adapter.targets.length < LORA_TARGETS.length)
    return refuse('adapter.targets', 'which layers are adapted is the training server’s choice: leave adapter.targets out');
  if (config.temperature !== 1)
    return refuse(
      'temperature',
      'a training server scores tokens at temperature 1, and would train another policy than the one that was sampled: set temperature=1',
    );
  return null;
}

/** What a training server leaves out of a configuration or does another way, a line each; to be read before the run. */
export function serverNotes(config: Configured): string[] {
  if (!trainsOnServer(config)) return [];
  const { adapter, klCoefficient, entropyCoefficient } = config;
  return [
    `clipNorm ${config.clipNorm} is not applied: the Tinker API has no gradient clipping`,
    ...(adapter.kind === 'lora' ? [`adapter.alpha ${adapter.alpha} is not sent: the server decides it, and which layers are adapted`] : []),
    ...(klCoefficient === 0 && entropyCoefficient === 0
      ? []
      : [
          `the ${[klCoefficient === 0 ? '' : 'KL', entropyCoefficient === 0 ? '' : 'entropy'].filter(Boolean).join(' and ')} loss is folded into the advantages${entropyCoefficient === 0 ? '' : ', the entropy part noisier than the exact one'}; a batch that turns out to be off policy is refused`,
        ]),
    ...(config.decoding === 'retry'
      ? ['the last attempt at an invalid answer is free, too, where other engines mask it: what still does not parse is left to the game']
      : []),
    'valid mass is not known, and entropies are estimated from the sampled tokens (−log π)',
  ];
}

function refuse(key: string, line: string): { readonly key: string; readonly line: string } {
  return { key, line };
}
