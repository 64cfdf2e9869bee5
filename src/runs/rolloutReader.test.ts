import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rolloutBytes, sampleConfig, sampleRows, writeSampleRun } from '../../test/runs/sampleRun';
import { RolloutReader } from './rolloutReader';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-rollouts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const FILE = 'rollouts/000001.parquet';

function sample(): { file: string; rows: number; bytes: number; sha256: string } {
  writeSampleRun(folder, 1);
  const bytes = readFileSync(join(folder, FILE)).byteLength;
  return { file: FILE, rows: 16, bytes, sha256: '' };
}

describe('RolloutReader', () => {
  it('gives back every cell of a negotiation as it was written', async () => {
    const rows = await new RolloutReader().negotiation(folder, sample(), 2);
    expect(rows).toEqual(sampleRows(sampleConfig(), 1).filter((row) => row.negotiation === 2));
  });

  it('gives back the same from a file that is too large to be read at once, and says when that is gone', async () => {
    const file = sample();
    const bytes = rolloutBytes(sampleRows(sampleConfig(), 1), 3);
    writeFileSync(join(folder, FILE), bytes);
    const reader = new RolloutReader(undefined, 0);
    const rows = await reader.negotiation(folder, { ...file, bytes: bytes.byteLength }, 2);
    expect(rows).toEqual(sampleRows(sampleConfig(), 1).filter((row) => row.negotiation === 2));
    expect(reader.cachedBytes).toBeLessThan(2 ** 18 + bytes.byteLength);
    // It is known already, and no handle of it was left open.
    rmSync(join(folder, FILE));
    await expect(reader.negotiation(folder, { ...file, bytes: bytes.byteLength }, 2)).rejects.toThrow(`${FILE} is missing`);
  });

  it('reads chosen columns of a seed group, across row groups', async () => {
    const written = sampleRows(sampleConfig(), 1);
    const file = sample();
    const bytes = rolloutBytes(written, 3);
    writeFileSync(join(folder, FILE), bytes);
    const rows = await new RolloutReader().group(folder, { ...file, bytes: bytes.byteLength }, 1, ['negotiation', 'turn', 'reward']);
    expect(rows).toEqual(
      written.filter((row) => row.seed_group === 1).map(({ negotiation, turn, reward }) => ({ negotiation, turn, reward })),
    );
  });

  it('finds nothing where the file has no such negotiation', async () => {
    expect(await new RolloutReader().negotiation(folder, sample(), 99)).toEqual([]);
  });

  it('says of a file that was cut short which one it is and what to do', async () => {
    const file = sample();
    truncateSync(join(folder, FILE), file.bytes - 20);
    await expect(new RolloutReader().negotiation(folder, file, 0)).rejects.toThrow(
      `${FILE} is cut short (${file.bytes - 20} of ${file.bytes} bytes): copy it again from where the run was made`,
    );
  });

  it('says of a file with other bytes that it is damaged, and reads it once it is whole again', async () => {
    const file = sample();
    const whole = readFileSync(join(folder, FILE));
    writeFileSync(join(folder, FILE), Buffer.alloc(file.bytes, 7));
    const reader = new RolloutReader();
    await expect(reader.negotiation(folder, file, 0)).rejects.toThrow(`${FILE} is damaged`);
    writeFileSync(join(folder, FILE), whole);
    expect(await reader.negotiation(folder, file, 0)).toHaveLength(4);
  });

  it('says of a missing file that it is missing', async () => {
    const file = sample();
    rmSync(join(folder, FILE));
    await expect(new RolloutReader().negotiation(folder, file, 0)).rejects.toThrow(`${FILE} is missing`);
  });

  it.each(['../outside.parquet', '/etc/passwd'])('does not follow a journal to %s', async (path) => {
    await expect(new RolloutReader().negotiation(folder, { ...sample(), file: path }, 0)).rejects.toThrow('outside the run folder');
  });

  it('refuses a file whose columns are of other types', async () => {
    const file = sample();
    const rows = sampleRows(sampleConfig(), 1).map((row) => ({ ...row, text: 1 as unknown as string }));
    expect(() => rolloutBytes(rows)).toThrow();
    const bytes = rolloutBytes(sampleRows(sampleConfig(), 1));
    // The schema's own name of a column: another name makes the column missing.
    const renamed = Buffer.from(bytes.map((byte) => byte));
    for (let at = renamed.indexOf('best_joint_reward'); at >= 0; at = renamed.indexOf('best_joint_reward', at + 1))
      renamed.write('best_joint_rework', at);
    writeFileSync(join(folder, FILE), renamed);
    await expect(new RolloutReader().negotiation(folder, { ...file, bytes: renamed.byteLength }, 0)).rejects.toThrow(
      'column best_joint_reward is missing',
    );
  });

  it('holds no more bytes than it may, the file in use aside', async () => {
    const file = sample();
    const bytes = readFileSync(join(folder, FILE));
    const capacity = 1_500_000;
    const reader = new RolloutReader(capacity);
    for (let iteration = 1; iteration <= 8; iteration++) {
      const name = `rollouts/${String(iteration).padStart(6, '0')}.parquet`;
      writeFileSync(join(folder, name), bytes);
      await reader.negotiation(folder, { ...file, file: name }, 0);
    }
    expect(reader.cachedBytes).toBeGreaterThan(capacity / 2);
    expect(reader.cachedBytes).toBeLessThanOrEqual(capacity);
  });
});
