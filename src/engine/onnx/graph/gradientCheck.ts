import { random } from '../../../domain/random';
import { loadRuntime, openSession } from '../runtime';
import { multiply } from './elementwise';
import { gradients } from './gradient';
import { Graph } from './graph';
import { sum } from './reduce';
import { sizeOf, type Value } from './value';

/** An operand of an operator under test. */
export interface Operand {
  readonly shape: readonly number[];
  /** Values are drawn uniformly between these. */
  readonly from?: number;
  readonly to?: number;
}

/** What a check found. */
export interface GradientCheck {
  /** The operator's value. */
  readonly value: Float32Array;
  /** Operand values, as drawn. */
  readonly operands: readonly Float32Array[];
  /** Largest |finite difference − gradient|, over all elements of all operands, relative to the largest gradient. */
  readonly worst: number;
  readonly gradients: readonly Float32Array[];
}

/**
 * Runs an operator on onnxruntime and compares its gradients, element by element, with central differences
 * of the loss Σ c · op(…), c a fixed random tensor; the loss is summed in float64.
 */
export async function checkGradient(operands: readonly Operand[], op: (values: Value[]) => Value, step = 1e-2): Promise<GradientCheck> {
  const runtime = await loadRuntime();
  const draw = random('gradient check');
  const uniform = (shape: readonly number[], from: number, to: number): Float32Array =>
    Float32Array.from({ length: sizeOf(shape) }, () => from + (to - from) * draw.uniform());
  const data = operands.map(({ shape, from = -1, to = 1 }) => uniform(shape, from, to));

  const graph = new Graph('check');
  const inputs = operands.map(({ shape }, i) => graph.input(`x${i}`, 'float32', shape));
  const result = op(inputs);
  const shape = result.shape as readonly number[];
  const weights = uniform(shape, -1, 1);
  const loss = sum(
    multiply(result, graph.constant('float32', shape, weights)),
    shape.map((_, i) => i),
  );
  graph.output('value', result);
  for (const [i, gradient] of gradients(loss, inputs).entries()) graph.output(`g${i}`, gradient);

  const session = await openSession(graph.encode(), { runtime, device: 'cpu', threads: 1, spinning: false });
  const feeds = () => Object.fromEntries(data.map((values, i) => [`x${i}`, new runtime.Tensor('float32', values, operands[i]!.shape)]));
  const lossNow = async (): Promise<number> => {
    const value = (await session.run(feeds(), ['value'])).value!.data as Float32Array;
    return value.reduce((total, v, i) => total + v * weights[i]!, 0);
  };
  const first = await session.run(feeds());
  const found = operands.map((_, i) => Float32Array.from(first[`g${i}`]!.data as Float32Array));
  let worst = 0;
  const largest = Math.max(1e-3, ...found.flatMap((gradient) => Array.from(gradient, Math.abs)));
  for (const [i, values] of data.entries()) {
    for (let j = 0; j < values.length; j++) {
      const saved = values[j]!;
      values[j] = saved + step;
      const up = values[j]!;
      const above = await lossNow();
      values[j] = saved - step;
      const down = values[j]!;
      const below = await lossNow();
      values[j] = saved;
      worst = Math.max(worst, Math.abs((above - below) / (up - down) - found[i]![j]!) / largest);
    }
  }
  const value = Float32Array.from(first.value!.data as Float32Array);
  await session.release();
  return { value, operands: data, worst, gradients: found };
}
