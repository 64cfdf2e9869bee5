import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, sha256OfFile, syncTree } from './durableFile';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-durable-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('hashes of files', () => {
  it('are those of their bytes, by name', async () => {
    const path = join(folder, 'small');
    await writeFile(path, 'parley');
    expect(await sha256OfFile(path)).toBe(sha256('parley'));
    await expect(sha256OfFile(join(folder, 'absent'))).rejects.toThrow('ENOENT');
    expect(await syncTree(folder)).toEqual({ small: sha256('parley') });
  });

  it('are had of files of more than 2 GiB, which cannot be read at once', { timeout: 120_000 }, async () => {
    const path = join(folder, 'large');
    const file = await open(path, 'w');
    // Sparse: it takes no room on the disk.
    await file.truncate(2 ** 31);
    await file.close();
    expect(await sha256OfFile(path)).toBe('a7c744c13cc101ed66c29f672f92455547889cc586ce6d44fe76ae824958ea51');
  });
});
