import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import type { AdapterSettings } from '../../src/engine/engine';
import { stepFlops } from '../../src/engine/onnx/bench';
import { parseModelConfig } from '../../src/engine/onnx/model/config';
import { type Benchmark, type BenchSettings, type Measurement, median } from './benchmark';
import { findPeer, type Peer } from './peer/findPeer';
import { Side, SideEnded, type Step } from './peer/side';

/** A model between the embedded policy and a real one. */
const WIDTH_256 = {
  hidden_size: 256,
  intermediate_size: 1024,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 64,
  vocab_size: 4096,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
};

/** SmolLM2-135M's shape. */
const SMOL = {
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 64,
  vocab_size: 49_152,
  max_position_embeddings: 2048,
  tie_word_embeddings: true,
};

const LORA: AdapterSettings = { kind: 'lora', rank: 16, alpha: 32, seed: 0 };

/** Both sides start from the same weights, so that their first losses differ by rounding alone. */
const LOSS_DIFFERENCE = 1e-3;

interface Case {
  readonly name: string;
  readonly shape: Readonly<Record<string, number | boolean>>;
  readonly adapter: AdapterSettings;
  readonly batch: number;
  readonly time: number;
  /** Measured steps of each side, after one that is not counted. */
  readonly steps: number;
  /** Of the peer's time. */
  readonly target: string;
  readonly memoryTarget?: string;
  readonly sampling?: { readonly name: string; readonly tokens: number; readonly times: number; readonly target: string };
}

const CASES: readonly Case[] = [
  { name: 'LoRA r 16 step', shape: WIDTH_256, adapter: LORA, batch: 8, time: 256, steps: 9, target: '≤ 0.75' },
  {
    name: 'full step',
    shape: WIDTH_256,
    adapter: { kind: 'full' },
    batch: 8,
    time: 256,
    steps: 9,
    target: '≤ 0.95',
    sampling: { name: 'sampling', tokens: 128, times: 5, target: '≥ 2.5' },
  },
  {
    name: 'SmolLM2-135M, LoRA r 16 step',
    shape: SMOL,
    adapter: LORA,
    batch: 8,
    time: 512,
    steps: 2,
    target: '≤ 0.8',
    memoryTarget: '≤ 3.5',
    sampling: { name: 'SmolLM2-135M, sampling', tokens: 64, times: 3, target: '≥ 2.5' },
  },
];

const LANES = 32;

const PEER = 'the peer';

/** What one side took. */
interface Sitting {
  readonly side: Side;
  readonly steps: Step[];
  readonly sampling: number[];
  memory: number;
}

/** Ours and the peer's, in turns: while one works the other waits, and what else the machine does meets both. */
async function sitting(sides: readonly Side[], { name, sampling, ...rest }: Case, settings: BenchSettings, folder: string) {
  const open = { folder, adapter: rest.adapter, batch: rest.batch, time: rest.time, threads: settings.threads };
  const sittings = sides.map((side): Sitting => ({ side, steps: [], sampling: [], memory: 0 }));
  const [ours] = sittings;
  const trained = [];
  const losses = [];
  for (const { side } of sittings) trained.push(await side.open(open));
  for (const { side } of sittings) losses.push((await side.train()).loss);
  if (new Set(trained).size > 1) throw new Error(`${name}: the sides train different numbers of weights: ${trained.join(', ')}`);
  if (Math.max(...losses) - Math.min(...losses) > LOSS_DIFFERENCE)
    throw new Error(`${name}: the sides' losses differ: ${losses.join(', ')}`);
  const products = [];
  for (let i = 0; i < rest.steps; i++) {
    products.push(await ours!.side.matmulRate());
    for (const { side, steps } of sittings) steps.push(await side.train());
  }
  if (sampling) {
    const what = { lanes: LANES, tokens: sampling.tokens, temperature: 0.9 };
    for (const { side } of sittings) await side.sample({ ...what, tokens: 4 });
    for (let i = 0; i < sampling.times; i++) for (const each of sittings) each.sampling.push(await each.side.sample(what));
  }
  for (const each of sittings) each.memory = await each.side.peakMemory();
  return { ours: ours!, peer: sittings[1] ?? null, product: median(products) };
}

async function measure(one: Case, settings: BenchSettings, start: () => Side, peer: Peer | null, folder: string): Promise<Measurement[]> {
  const sides = [start()];
  if (peer) sides.push(new Side(PEER, peer.python, [join(process.cwd(), 'scripts/bench/peer/torchSide.py')]));
  try {
    const { ours, peer: theirs, product } = await sitting(sides, one, settings, folder);
    const seconds = (of: Sitting): number => median(of.steps.map((step) => step.seconds));
    const config = parseModelConfig({ architectures: ['LlamaForCausalLM'], ...one.shape }, 'config.json');
    const gradient = median(ours.steps.map((step) => step.gradientSeconds));
    const rate = stepFlops(config, one.adapter, one.batch, one.time) / gradient / 1e9;
    const note = `${one.batch} × ${one.time} tokens, ${settings.threads} ${settings.threads === 1 ? 'thread' : 'threads'}`;
    const rows: Measurement[] = [{ measure: one.name, value: 1000 * seconds(ours), unit: 'ms', note }];
    if (theirs) {
      rows.push({ measure: `${one.name}, PyTorch`, value: 1000 * seconds(theirs), unit: 'ms', note: peer?.versions ?? '' });
      rows.push({ measure: `${one.name}, of PyTorch’s time`, value: seconds(ours) / seconds(theirs), unit: '', target: one.target });
    }
    rows.push({ measure: `${one.name}, rate`, value: rate, unit: 'GFLOP/s', note: 'forward and backward' });
    const yardstick = `of ${product.toFixed(0)} GFLOP/s in the same sitting`;
    rows.push({
      measure: `${one.name}, share`,
      value: (100 * rate) / product,
      unit: '% of a plain MatMul',
      target: '≥ 75',
      note: yardstick,
    });
    rows.push({
      measure: `${one.name}, peak memory`,
      value: ours.memory / 1e9,
      unit: 'GB',
      ...(one.memoryTarget === undefined ? {} : { target: one.memoryTarget }),
    });
    if (theirs) rows.push({ measure: `${one.name}, peak memory, PyTorch`, value: theirs.memory / 1e9, unit: 'GB' });
    if (one.sampling) rows.push(...samplingRows(one.sampling, ours, theirs));
    return rows;
  } finally {
    for (const side of sides) await side.end();
  }
}

function samplingRows({ name, tokens, target }: NonNullable<Case['sampling']>, ours: Sitting, theirs: Sitting | null): Measurement[] {
  const rate = (of: Sitting): number => (LANES * tokens) / median(of.sampling);
  const rows: Measurement[] = [
    { measure: name, value: rate(ours), unit: 'tokens/s', note: `${LANES} transcripts of ${tokens} tokens at once` },
  ];
  if (!theirs) return rows;
  return [
    ...rows,
    { measure: `${name}, Hugging Face generate`, value: rate(theirs), unit: 'tokens/s' },
    { measure: `${name}, times Hugging Face generate’s`, value: rate(ours) / rate(theirs), unit: '', target },
  ];
}

const benchmark: Benchmark = {
  title: 'The engine and PyTorch',
  method:
    'Llamas with random weights, float32: one of width 256 (6 layers, 4 heads, SwiGLU 1024, vocabulary 4096) and SmolLM2-135M’s shape, above 50 million parameters and so layer by layer. A step is forward, backward, clipping and AdamW, every token trained; sampling is the base model’s, with cached keys and values, at temperature 0.9. The peer is PyTorch eager with Hugging Face’s Llama, PEFT’s LoRA and generate, on the same weights, tokens and number of threads; each case has two fresh processes that work in turns, and the first losses must agree. Medians; ratios are of medians. Peak memory is the process’s, sampling included. Where no peer is installed and none can be, there are no rows of PyTorch.',
  learned: [
    'Above 50 million parameters the engine keeps a micro-batch’s products for the way back (0.6 GB here) and computes the rest of every block again: attention, norms, gates. Keeping them took 8 % off a step, not the fifth that their number promises; with twice the tokens a run and 1.1 GB kept it was no faster, and why was not found. The share counts only the products that are needed, at the rate of a large square one.',
    'For the few rows of a sampling step, reordering a weight costs onnxruntime as much as the product. Where each row reads one token, the base model’s weights are therefore constants of the graph, which are reordered once; adapters are kept apart above 20 million parameters and are merged and fed below. That graph has onnxruntime’s own operators for norms and rotations and three fifths of the nodes. Its GroupQueryAttention, which would do a layer’s attention in one, is of no use from Node: the cache that it returns is copied at every step, even into memory that was given for it.',
    'AdamW is a loop of its own on one core, in doubles, that goes over every number once: about half of the processor time that it took as ONNX nodes, which went over them sixteen times (both in turns on one thread, 7.3 million numbers). Where the loss is of log-probabilities alone, the gradient goes through the head without that of the logits ever being made: 8 % less of the head’s processor time, 1024 rows of a vocabulary of 4096.',
  ],
  seconds: 1200,
  async run(settings: BenchSettings) {
    const root = process.cwd();
    const script = join(root, 'out/bench/engineSide.mjs');
    await esbuild.build({
      entryPoints: [join(root, 'scripts/bench/peer/engineSide.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'error',
    });
    const start = (): Side => new Side('the engine', process.execPath, [script, settings.device]);
    const peer = settings.device === 'cpu' ? await findPeer(root) : null;
    if (!peer) process.stderr.write('no peer was installed where this ran\n');
    const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
    const rows: Measurement[] = [];
    try {
      for (const [i, one] of CASES.entries()) {
        const model = join(folder, String(i));
        const writer = start();
        await writer.writeModel(model, one.shape);
        await writer.end();
        const measured = measure(one, settings, start, peer, model).catch((error: unknown) => {
          if (!(error instanceof SideEnded) || error.side !== PEER) throw error;
          process.stderr.write(`${one.name}: ${error.message}; measured without it\n`);
          return measure(one, settings, start, null, model);
        });
        rows.push(...(await measured));
        await rm(model, { recursive: true, force: true });
      }
      return rows;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

export default benchmark;
