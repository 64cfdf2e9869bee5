import { describeMemory, estimateMemory, refuseIfTooLarge } from '../engine/onnx/memory';
import { readModelConfig } from '../engine/onnx/model/config';
import { TextTokenizer } from '../engine/onnx/tokenizer/textTokenizer';
import { hasFixedOpponent } from '../protocol/opponent';
import type { RunConfig } from '../protocol/runConfig';
import { transcriptCapacity } from './capacity';
import { MEASURED_NEGOTIATIONS } from './measure';

/** What a run needs in memory at its widest. */
export interface MemoryNeed {
  readonly bytes: number;
  /** The same in one line, with its parts. */
  readonly line: string;
}

/**
 * What a run on a model folder needs in memory, before any weight is read.
 * @throws Error with the numbers when this machine has less, or naming the file of the model that is wrong.
 */
export async function checkMemory(model: string, config: RunConfig): Promise<MemoryNeed> {
  const { vocabularySize } = await readModelConfig(model);
  const tokenizer = await TextTokenizer.read(model, vocabularySize);
  const { adapter, buffer } = config;
  const needed = await estimateMemory(model, {
    adapter: adapter.kind === 'lora' ? { ...adapter, seed: config.seed } : adapter,
    transcriptTokens: transcriptCapacity(config, tokenizer),
    // Both seats of an iteration's negotiations, or of those that the final policy is measured on.
    transcripts: 2 * Math.max(config.negotiations, MEASURED_NEGOTIATIONS),
    snapshots: hasFixedOpponent(config) ? 1 : buffer.enabled ? buffer.subset : 0,
  });
  refuseIfTooLarge(needed);
  return { bytes: needed.total, line: describeMemory(needed) };
}
