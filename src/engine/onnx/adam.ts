import type { Tensor } from 'onnxruntime-node';
import type { OptimizerSettings } from '../engine';
import type { FlatParameters } from './flatParameters';
import { adamGraph, clipGraph } from './graphs/adamGraph';
import { floats, type Sessions } from './sessions';

/** Numbers that are stepped at a time on the CPU: few enough that what lies between them stays in its caches. */
const PART = 1 << 16;

/** AdamW's state over a flat vector, stepped by an ONNX graph, in place. */
export class Adam {
  steps = 0;

  constructor(
    private readonly sessions: Sessions,
    public settings: OptimizerSettings,
    private readonly parameters: FlatParameters,
    readonly m: Float32Array = new Float32Array(parameters.data.length),
    readonly v: Float32Array = new Float32Array(parameters.data.length),
  ) {}

  /**
   * Moves the parameters, in place.
   * @returns the gradient's norm before clipping
   * @throws Error when the gradient is not finite; nothing is changed then.
   */
  async step(gradient: Float32Array, learningRate = this.settings.learningRate): Promise<number> {
    const { sessions, parameters, m, v } = this;
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = this.settings;
    const size = parameters.data.length;
    const clip = await sessions.get(`clip ${size}`, () => clipGraph(size));
    const clipped = await clip.run({ gradient: sessions.float(gradient, [size]), clipNorm: sessions.scalar(clipNorm) });
    const steps = this.steps + 1;
    const norm = floats(clipped, 'norm')[0]!;
    if (!Number.isFinite(norm)) {
      throw new Error(
        `the gradient's norm is ${norm} at optimizer step ${steps}; the weights were left as they were. A lower learning rate may help`,
      );
    }
    const session = await sessions.get('adam', adamGraph);
    const shared = {
      shrink: clipped.shrink!,
      stepSize: sessions.scalar(learningRate / (1 - beta1 ** steps)),
      correction: sessions.scalar(1 - beta2 ** steps),
      beta1: sessions.scalar(beta1),
      beta2: sessions.scalar(beta2),
      epsilon: sessions.scalar(epsilon),
      keep: sessions.scalar(1 - learningRate * weightDecay),
    };
    const most = sessions.settings.device === 'cpu' ? PART : size;
    for (let from = 0; from < size; from += most) {
      const part = (data: Float32Array): Tensor => sessions.float(data.subarray(from, from + most), [Math.min(most, size - from)]);
      const [p, ofM, ofV] = [part(parameters.data), part(m), part(v)];
      // Each is read once, before it is written: the new values go where the old ones are.
      await session.run({ ...shared, parameters: p, m: ofM, v: ofV, gradient: part(gradient) }, { newParameters: p, newM: ofM, newV: ofV });
    }
    this.steps = steps;
    return norm;
  }
}
