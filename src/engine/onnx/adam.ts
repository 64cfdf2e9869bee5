import type { OptimizerSettings } from '../engine';
import type { FlatParameters } from './flatParameters';
import { adamGraph } from './graphs/adamGraph';
import { floats, type Sessions } from './sessions';

/** AdamW's state over a flat vector, stepped by an ONNX graph. */
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
    const session = await sessions.get(`adam ${size}`, () => adamGraph(size));
    const steps = this.steps + 1;
    const outputs = await session.run({
      parameters: sessions.float(parameters.data, [size]),
      m: sessions.float(m, [size]),
      v: sessions.float(v, [size]),
      gradient: sessions.float(gradient, [size]),
      clipNorm: sessions.scalar(clipNorm),
      stepSize: sessions.scalar(learningRate / (1 - beta1 ** steps)),
      correction: sessions.scalar(1 - beta2 ** steps),
      beta1: sessions.scalar(beta1),
      beta2: sessions.scalar(beta2),
      epsilon: sessions.scalar(epsilon),
      keep: sessions.scalar(1 - learningRate * weightDecay),
    });
    const norm = floats(outputs, 'norm')[0]!;
    if (!Number.isFinite(norm)) {
      throw new Error(
        `the gradient's norm is ${norm} at optimizer step ${steps}; the weights were left as they were. A lower learning rate may help`,
      );
    }
    parameters.data.set(floats(outputs, 'newParameters'));
    m.set(floats(outputs, 'newM'));
    v.set(floats(outputs, 'newV'));
    this.steps = steps;
    return norm;
  }
}
