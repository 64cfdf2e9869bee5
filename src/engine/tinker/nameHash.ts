import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 over a served model's name and its tokenizer: what stands for a base model whose weights are not on this machine. */
export async function nameHash(folder: string, baseModel: string): Promise<string> {
  const tokenizer = await readFile(join(folder, 'tokenizer.json'));
  return createHash('sha256').update(`${baseModel}\n`).update(tokenizer).digest('hex');
}
