import { resolve } from 'node:path';
import * as z from 'zod';
import { scoreTokens } from '../engine/onnx/scoreTokens';
import { shareCores } from '../runs/trainers';
import { policyFolder } from '../trainer/environment';
import type { Command } from './command';
import { MACHINE_OPTIONS, readMachine } from './runOptions';
import { readStandardInput } from './standardInput';

const numbers = z.array(z.array(z.number()));
const input = z.strictObject({
  inputIds: z.array(z.array(z.int().nonnegative())),
  advantages: numbers.optional(),
  mask: numbers.optional(),
});

/** `parley score`: log-probabilities, loss and gradient norms of token ids, through the trainer's own graphs. */
export const scoreCommand: Command = {
  name: 'score',
  summary: 'log-probabilities, loss and gradient norms of token ids on stdin',
  about: `
Reads {"inputIds": [[…]], "advantages"?: [[…]], "mask"?: [[…]]} on stdin and prints {"logProbs": [[…]], "loss"?, "gradNorm"?,
"gradNorms"?}, computed by the very graphs that the trainer runs. advantages and mask have one number for each token but
a row's first; with them come the loss −Σ advantage · mask · log π ÷ Σ mask and the norms of its gradient.`,
  positionals: [],
  options: [
    { name: 'model', value: 'DIR', about: 'a Hugging Face model folder, or embedded (default)' },
    { name: 'adapter', value: 'DIR', about: 'a LoRA adapter in PEFT’s layout' },
    ...MACHINE_OPTIONS,
    { name: 'json', about: 'print JSON (the default, and the only form there is)' },
  ],
  examples: [[`echo '{"inputIds": [[1, 13, 3]]}' | parley score`, 'three tokens by the embedded policy']],
  run: async (args, terminal) => {
    const { inputIds, advantages, mask } = await readStandardInput(terminal, input, 'an object with inputIds');
    const model = args.text('model') ?? 'embedded';
    const adapter = args.text('adapter');
    const { spin, threads } = shareCores(terminal.cores, 1);
    const options = {
      model: model === 'embedded' ? policyFolder(terminal.media, { policy: model, game: 'ipd' }) : resolve(model),
      spinning: spin,
      threads,
      ...readMachine(args),
      ...(adapter !== undefined && { adapter: resolve(adapter) }),
    };
    const result = await scoreTokens(options, { inputIds, ...(advantages && { advantages }), ...(mask && { mask }) });
    terminal.out(`${JSON.stringify(result)}\n`);
    return 0;
  },
};
