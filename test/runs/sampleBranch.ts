import type { BranchPoint } from '../../src/protocol/branches';
import type { RunConfig } from '../../src/protocol/runConfig';
import { type BranchDraft, keepBranches } from '../../src/runs/keepBranches';
import { rolloutBytes, sampleRows } from './sampleRun';

/** Keeps branches of a sample run's negotiation in which the second seat, from the turn on, always plays B. @returns their numbers */
export async function writeSampleBranches(
  folder: string,
  config: RunConfig,
  { iteration, negotiation, turn }: BranchPoint,
  samples = 1,
): Promise<number[]> {
  const rows = sampleRows(config, iteration)
    .filter((row) => row.negotiation === negotiation)
    .map((row) => {
      const own = row.turn >= turn && row.seat === 1;
      const untrained = { trained: false, train_log_probs: [], ratios: [], own_advantage: [], alignment_term: [], credit: [] };
      if (!own) return { ...row, ...untrained };
      const said = { text: 'B', token_texts: ['B', '<end>'], action: JSON.stringify({ kind: 'choice', choice: 'B' }) };
      return { ...row, ...untrained, ...said, player: 'scripted:always-defect' };
    });
  const drafts = Array.from({ length: samples }, (_, sample): BranchDraft => {
    const bytes = rolloutBytes(rows);
    return {
      ...{ time: '2026-11-24T11:00:00.000Z', parley: '0.1.0', iteration, negotiation, turn, seed: 5, sample },
      group: Math.floor(negotiation / config.groupSize),
      round: turn >> 1,
      players: [
        { name: 'sample@0', player: `${folder}@0`, asBefore: true },
        { name: 'scripted:always-defect', player: 'scripted:always-defect', asBefore: false },
      ],
      reward: [1.5, 4],
      ...{ rows: rows.length, bytes },
    };
  });
  return (await keepBranches(folder, drafts)).map(({ branch }) => branch);
}
