import { KEPT_LAYERS, keptName } from './graphs/layerGraphs';
import type { BatchShape } from './graphs/trainGraph';
import type { ModelConfig } from './model/config';
import { linearShape } from './model/parameters';
import type { Feeds, Sessions } from './sessions';

/** Bytes of one micro-batch's products that may be kept between the way forward and the way back. */
const MOST_KEPT = 1e9;

/** Numbers that a token's products have in one block. */
function widthOf(config: ModelConfig): number {
  return KEPT_LAYERS.reduce((sum, linear) => sum + linearShape(config, linear)[1], 0);
}

/** Bytes that a micro-batch's products take; 0 where they would be too many, and every block is computed again instead. */
export function keptBytes(config: ModelConfig, tokens: number): number {
  const bytes = 4 * config.layers * tokens * widthOf(config);
  return bytes <= MOST_KEPT ? bytes : 0;
}

/**
 * The products of linear layers, kept from a block's way forward for its way back: half of the forward pass need not be done a second
 * time. The memory is one piece a layer, used again by every micro-batch.
 */
export class KeptProducts {
  readonly #layers: Float32Array[] = [];

  constructor(
    private readonly config: ModelConfig,
    private readonly sessions: Sessions,
  ) {}

  /** Whether the products of such a micro-batch are kept. From a GPU they would have to come to the host and go back. */
  keeps({ batch, time }: Pick<BatchShape, 'batch' | 'time'>): boolean {
    return this.sessions.settings.device === 'cpu' && keptBytes(this.config, batch * time) > 0;
  }

  /** A layer's products, `[B, T, out]` each: a forward graph's outputs, and the backward graph's inputs. */
  of(layer: number, { batch, time }: Pick<BatchShape, 'batch' | 'time'>): Feeds {
    const tokens = batch * time;
    const size = tokens * widthOf(this.config);
    if ((this.#layers[layer]?.length ?? 0) < size) this.#layers[layer] = new Float32Array(size);
    const data = this.#layers[layer]!;
    let from = 0;
    return Object.fromEntries(
      KEPT_LAYERS.map((linear) => {
        const out = linearShape(this.config, linear)[1];
        const part = data.subarray(from, from + tokens * out);
        from += tokens * out;
        return [keptName(linear), this.sessions.float(part, [batch, time, out])];
      }),
    );
  }
}
