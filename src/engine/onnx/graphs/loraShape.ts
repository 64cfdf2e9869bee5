import type { LoraTarget } from '../../../protocol/runConfig';
import type { AdapterSettings } from '../../engine';
import type { ModelConfig } from '../model/config';
import { LINEAR_LAYERS, type LinearLayer, linearShape, moduleName } from '../model/parameters';

/** A LoRA adapter's shape: W · x + (alpha / rank) · B · A · x on the linear layers that it targets (Hu et al. 2021); the others are left as they are. */
export interface LoraShape {
  readonly rank: number;
  readonly alpha: number;
  /** In `LINEAR_LAYERS`' order, each once. */
  readonly targets: readonly LinearLayer[];
  /** The blocks that are adapted, ascending; all unless given. */
  readonly layers?: readonly number[];
}

/** One matrix of an adapter. */
export interface LoraParameter {
  /** `model.layers.0.self_attn.q_proj.lora_A.weight`. */
  readonly name: string;
  readonly module: string;
  readonly matrix: 'A' | 'B';
  /** As we hold it: A `[in, rank]`, B `[rank, out]`; PEFT's files hold the transposes. */
  readonly shape: readonly [number, number];
}

/**
 * The shape of the adapter that settings ask for.
 * @throws RangeError naming a rank or a target that makes none.
 */
export function loraShape({ rank, alpha, targets }: Extract<AdapterSettings, { kind: 'lora' }>): LoraShape {
  if (!Number.isSafeInteger(rank) || rank < 1) throw new RangeError(`LoRA rank must be a whole number above 0, not ${rank}`);
  return { rank, alpha, targets: ordered(targets ?? LINEAR_LAYERS) };
}

/** Targets in `LINEAR_LAYERS`' order, so that equal sets make equal shapes. @throws RangeError for an empty list. */
function ordered(targets: readonly LoraTarget[]): readonly LinearLayer[] {
  if (targets.length === 0) throw new RangeError('LoRA needs at least one linear layer to adapt');
  return LINEAR_LAYERS.filter((layer) => targets.includes(layer));
}

/** Whether an adapter has matrices in a block. */
export function adaptsLayer({ layers }: LoraShape, layer: number): boolean {
  return layers?.includes(layer) ?? true;
}

/** All matrices of an adapter, in a fixed order. */
export function loraParameters(config: ModelConfig, shape: LoraShape): LoraParameter[] {
  const list: LoraParameter[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    if (!adaptsLayer(shape, layer)) continue;
    for (const name of shape.targets) {
      const [inputs, outputs] = linearShape(config, name);
      const module = moduleName(layer, name);
      list.push({ name: `${module}.lora_A.weight`, module, matrix: 'A', shape: [inputs, shape.rank] });
      list.push({ name: `${module}.lora_B.weight`, module, matrix: 'B', shape: [shape.rank, outputs] });
    }
  }
  return list;
}

/** `LoRA of rank 8, alpha 16 on q_proj, v_proj`: how messages tell one shape from another. */
export function describeLora({ rank, alpha, targets, layers }: LoraShape): string {
  const where = targets.length === LINEAR_LAYERS.length ? 'all linear layers' : targets.join(', ');
  return `LoRA of rank ${rank}, alpha ${alpha} on ${where}${layers ? ` of layers ${layers.join(', ')}` : ''}`;
}
