import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeModel } from '../../src/engine/onnx/graph/modelFile';
import { type BenchSettings, median } from './benchmark';

/** A plain `A[m,k] · B[k,n]` in float32. */
export interface MatMulShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/**
 * GFLOP/s of one MatMul node on onnxruntime, both factors given as inputs: the yardstick that training is measured by. Other benchmarks
 * call it in their own process, so that share and yardstick come from the same sitting.
 */
export async function matmulRate({ m, k, n }: MatMulShape, { device, threads }: BenchSettings, repetitions = 15): Promise<number> {
  const float = (name: string, rows: number, columns: number) => ({ name, dtype: 'float32' as const, shape: [rows, columns] });
  const model = encodeModel({
    name: 'matmul',
    nodes: [{ name: 'product', op: 'MatMul', inputs: ['a', 'b'], outputs: ['c'], attributes: {} }],
    initializers: [],
    inputs: [float('a', m, k), float('b', k, n)],
    outputs: [float('c', m, n)],
  });
  const session = await InferenceSession.create(model, { executionProviders: [device], intraOpNumThreads: threads, interOpNumThreads: 1 });
  const a = new Tensor('float32', ramp(m * k), [m, k]);
  const b = new Tensor('float32', ramp(k * n), [k, n]);
  const seconds: number[] = [];
  for (let repetition = -3; repetition < repetitions; repetition++) {
    const started = performance.now();
    const { c } = await session.run({ a, b });
    // The first three warm the caches, the threads and the clock.
    if (repetition >= 0) seconds.push((performance.now() - started) / 1000);
    c?.dispose();
  }
  await session.release();
  return (2 * m * k * n) / median(seconds) / 1e9;
}

/** Small numbers that are not all alike; their values don't matter to the time, as long as none is subnormal. */
function ramp(length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => ((index % 17) - 8) / 8);
}
