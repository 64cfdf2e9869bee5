import { createInterface } from 'node:readline';
import * as z from 'zod';
import { BenchModel, writeRandomModel } from '../../../src/engine/onnx/bench';

// Our side of a comparison: as torchSide.py, one JSON request a line, one JSON answer a line.
const size = z.int().positive();
const request = z.discriminatedUnion('do', [
  z.object({ do: z.literal('write'), folder: z.string(), shape: z.record(z.string(), z.union([z.number(), z.boolean()])) }),
  z.object({
    do: z.literal('open'),
    folder: z.string(),
    adapter: z.union([
      z.object({ kind: z.literal('full') }),
      z.object({ kind: z.literal('lora'), rank: size, alpha: z.number(), seed: z.int() }),
    ]),
    batch: size,
    time: size,
    threads: size,
  }),
  z.object({ do: z.literal('train') }),
  z.object({ do: z.literal('sample'), lanes: size, tokens: size, temperature: z.number() }),
  z.object({ do: z.literal('matmul') }),
  z.object({ do: z.literal('memory') }),
]);

const device = z.enum(['cpu', 'webgpu', 'cuda', 'dml', 'coreml']).parse(process.argv[2]);
let model: BenchModel | null = null;

async function answer(asked: z.infer<typeof request>): Promise<object> {
  if (asked.do === 'write') {
    await writeRandomModel(asked.folder, asked.shape);
    return {};
  }
  if (asked.do === 'open') {
    model = await BenchModel.open(asked.folder, asked.adapter, asked.batch, asked.time, { threads: asked.threads, device });
    return { trained: model.trained };
  }
  if (!model) throw new Error(`${asked.do} before open`);
  switch (asked.do) {
    case 'train':
      return model.train();
    case 'sample':
      return { seconds: await model.sample(asked.lanes, asked.tokens, asked.temperature) };
    case 'matmul':
      return { gigaflops: await model.matmulRate() };
    case 'memory':
      return { bytes: process.resourceUsage().maxRSS * 1024 };
  }
}

for await (const line of createInterface(process.stdin)) {
  process.stdout.write(`${JSON.stringify(await answer(request.parse(JSON.parse(line))))}\n`);
}
