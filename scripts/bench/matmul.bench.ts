import type { Benchmark, BenchSettings } from './benchmark';
import { type MatMulShape, matmulRate } from './matmulRate';

const shapes: readonly MatMulShape[] = [
  { m: 256, k: 256, n: 256 },
  { m: 1024, k: 1024, n: 1024 },
  { m: 2048, k: 2048, n: 2048 },
  // What a policy of width 128 multiplies: a batch of tokens by a feed-forward layer.
  { m: 2048, k: 128, n: 512 },
];

const benchmark: Benchmark = {
  title: 'Plain MatMul',
  method: 'One float32 MatMul node on ONNX Runtime, median of 15 runs after 3: the rate that everything else is compared with.',
  async run(settings: BenchSettings) {
    const counts = settings.threads === 1 ? [1] : [1, settings.threads];
    const measurements = [];
    for (const shape of shapes) {
      for (const threads of counts) {
        measurements.push({
          measure: `${shape.m} × ${shape.k} by ${shape.k} × ${shape.n}`,
          value: await matmulRate(shape, { ...settings, threads }),
          unit: 'GFLOP/s',
          note: `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
        });
      }
    }
    return measurements;
  },
};

export default benchmark;
