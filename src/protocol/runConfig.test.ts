import { describe, expect, it } from 'vitest';
import { LORA_TARGETS, runConfig } from './runConfig';

const adapter = runConfig.shape.adapter;

describe('the adapter of a run', () => {
  it('trains all linear layers where run.json, as older ones do, says nothing of them', () => {
    expect(adapter.parse({ kind: 'lora', rank: 8, alpha: 16 })).toEqual({ kind: 'lora', rank: 8, alpha: 16, targets: LORA_TARGETS });
    expect(adapter.parse({ kind: 'full' })).toEqual({ kind: 'full' });
  });

  it('trains those that it names', () => {
    const chosen = { kind: 'lora', rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'] };
    expect(adapter.parse(chosen)).toEqual(chosen);
    expect(adapter.safeParse({ ...chosen, targets: ['embed_tokens'] }).success).toBe(false);
  });
});
