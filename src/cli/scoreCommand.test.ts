import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';

const MODEL = join(__dirname, '../../test/fixtures/hf/llama');

describe('parley score', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-score-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('prints what transformers and PEFT found, in their layout', async () => {
    const { inputIds, logProbs, adapter } = JSON.parse(await readFile(join(MODEL, 'reference.json'), 'utf8'));
    const plain = await runCommandLine(['score', '--model', MODEL, '--json'], JSON.stringify({ inputIds }));
    expect(plain).toMatchObject({ code: 0, err: '' });
    expect(Object.keys(JSON.parse(plain.out))).toEqual(['logProbs']);
    expect(JSON.parse(plain.out).logProbs[0][0]).toBeCloseTo(logProbs[0][0], 4);

    const { advantages, mask } = adapter;
    const { code, out } = await runCommandLine(
      ['score', '--model', MODEL, '--adapter', join(MODEL, 'adapter'), '--json'],
      JSON.stringify({ inputIds, advantages, mask }),
    );
    const found = JSON.parse(out);
    expect({ code, keys: Object.keys(found) }).toEqual({ code: 0, keys: ['logProbs', 'loss', 'gradNorm', 'gradNorms'] });
    expect(found.loss).toBeCloseTo(adapter.loss, 4);
    expect(Object.keys(found.gradNorms).sort()).toEqual(Object.keys(adapter.gradNorms).sort());
  });

  it.each([
    ['{', 'stdin is not JSON'],
    ['{"ids": [[1, 2]]}', 'inputIds'],
    ['{"inputIds": [[1]]}', 'inputIds[0] must have at least 2 token ids'],
  ])('refuses %s on stdin in one line', async (stdin, complaint) => {
    const { code, out, err } = await runCommandLine(['score', '--model', MODEL], stdin);
    expect(code).not.toBe(0);
    expect(out).toBe('');
    expect(err).toContain(complaint);
    expect(err).toMatch(/^parley score: .*\n$/);
  });

  it('refuses a model that it does not know and an adapter that says nothing, by file', async () => {
    await cp(MODEL, folder, { recursive: true });
    await writeFile(join(folder, 'adapter/adapter_config.json'), 'null');
    const adapter = await runCommandLine(['score', '--model', folder, '--adapter', join(folder, 'adapter')], '{"inputIds": [[1, 2]]}');
    expect(adapter).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^parley score: .*adapter_config\.json is not a JSON object\n$/),
    });
    await writeFile(join(folder, 'config.json'), '{"architectures": ["FalconForCausalLM"]}');
    const model = await runCommandLine(['score', '--model', folder], '{"inputIds": [[1, 2]]}');
    expect(model).toEqual({ code: 1, out: '', err: expect.stringMatching(/^parley score: .*config\.json.*FalconForCausalLM.*\n$/) });
  });
});
