import type { OptimizerSettings } from '../engine';
import type { FlatParameters } from './flatParameters';

/** What torch's clip_grad_norm_ adds to the norm before it divides. */
const NORM_EPSILON = 1e-6;

/** The smallest normal float. Moments below it become 0, on both sides: many processors are a hundred times slower on what lies between. */
const SMALLEST = 2 ** -126;

/**
 * AdamW (Loshchilov & Hutter 2019) over a flat vector, in place. One loop reads and writes every number once, in doubles, and rounds what it
 * stores: onnxruntime, a node an operation, goes sixteen times over them, and its sum of squares loses digits.
 */
export class Adam {
  steps = 0;

  constructor(
    public settings: OptimizerSettings,
    private readonly parameters: FlatParameters,
    readonly m: Float32Array = new Float32Array(parameters.data.length),
    readonly v: Float32Array = new Float32Array(parameters.data.length),
  ) {}

  /**
   * Moves the parameters.
   * @returns the gradient's norm before clipping
   * @throws Error when the gradient is not finite; nothing is changed then.
   */
  step(gradient: Float32Array, learningRate = this.settings.learningRate): number {
    const { parameters, m, v } = this;
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = this.settings;
    const steps = this.steps + 1;
    const norm = normOf(gradient);
    if (!Number.isFinite(norm)) {
      throw new Error(
        `the gradient's norm is ${norm} at optimizer step ${steps}; the weights were left as they were. A lower learning rate may help`,
      );
    }
    const shrink = Math.min(1, clipNorm / (norm + NORM_EPSILON));
    move(parameters.data, m, v, gradient, {
      beta1,
      beta2,
      newToFirst: (1 - beta1) * shrink,
      newToSecond: (1 - beta2) * shrink ** 2,
      stepSize: learningRate / (1 - beta1 ** steps),
      correction: 1 / (1 - beta2 ** steps),
      epsilon,
      keep: 1 - learningRate * weightDecay,
    });
    this.steps = steps;
    return norm;
  }
}

/** √Σ g². Four sums, since an addition has to wait for the one before it. */
function normOf(gradient: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = gradient.length - (gradient.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += gradient[i]! * gradient[i]!;
    b += gradient[i + 1]! * gradient[i + 1]!;
    c += gradient[i + 2]! * gradient[i + 2]!;
    d += gradient[i + 3]! * gradient[i + 3]!;
  }
  for (let i = whole; i < gradient.length; i++) a += gradient[i]! * gradient[i]!;
  return Math.sqrt(a + b + c + d);
}

/** What is the same for every number of a step. */
interface StepFactors {
  readonly beta1: number;
  readonly beta2: number;
  /** (1 − β₁) · shrink: what the gradient, clipped, adds to the first moment. */
  readonly newToFirst: number;
  /** (1 − β₂) · shrink². */
  readonly newToSecond: number;
  /** Learning rate ÷ (1 − β₁ᵗ). */
  readonly stepSize: number;
  /** 1 ÷ (1 − β₂ᵗ). */
  readonly correction: number;
  readonly epsilon: number;
  /** 1 − learning rate · weight decay. */
  readonly keep: number;
}

function move(parameters: Float32Array, m: Float32Array, v: Float32Array, gradient: Float32Array, factors: StepFactors): void {
  const { beta1, beta2, newToFirst, newToSecond, stepSize, correction, epsilon, keep } = factors;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]!;
    const first = beta1 * m[i]! + newToFirst * g;
    const second = beta2 * v[i]! + newToSecond * g * g;
    m[i] = first < SMALLEST && first > -SMALLEST ? 0 : first;
    v[i] = second < SMALLEST ? 0 : second;
    parameters[i] = keep * parameters[i]! - (stepSize * first) / (Math.sqrt(correction * second) + epsilon);
  }
}
