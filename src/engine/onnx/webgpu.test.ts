import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';

/** Chromium brings a Vulkan loader and SwiftShader, a GPU in software: slow, and the same kernels. */
const DRIVER = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/lib/chromium-browser/vk_swiftshader_icd.json'].find(existsSync);

const REPOSITORY = join(__dirname, '../../..');
const FOLDER = join(REPOSITORY, 'out/webgpu-test');

/** Scores, differentiates and samples on a device; prints what it found. */
const SCRIPT = `
import { readFile } from 'node:fs/promises';
import { scoreTokens } from './scoreTokens';
import { openModel } from './openModel';
import { OnnxPolicy } from './policies';
import { loadPolicyFiles } from './policyFiles';
import { Sampler } from './sampler';

const [, , model, profile] = process.argv;
const reference = JSON.parse(await readFile(model + '/reference.json', 'utf8'));
const options = { model, threads: 1, device: 'webgpu', profile };
const { inputIds, adapter } = reference;
const scored = await scoreTokens({ ...options, adapter: model + '/adapter' }, { inputIds, advantages: adapter.advantages, mask: adapter.mask });
const opened = await openModel(options);
const policy = new OnnxPolicy('adapter', await loadPolicyFiles(model + '/adapter', opened.model));
const sampler = new Sampler(opened.sessions, opened.model.config, opened.weights, -1);
const [lane] = sampler.open(policy, 1, 64);
const turn = (settings, read, maxTokens) => sampler.sample([{ lane, read, constraint: null, validAgainst: null, maxTokens, uniform: () => 0.5 }], settings);
const [greedy] = await turn({ temperature: 1, topP: 1, topK: 1 }, inputIds[0].slice(0, 10), 4);
await turn({ temperature: 1, topP: 1, topK: 0 }, [], 1);
// As after a step: the adapter is merged anew, and the merged weights of before are let go.
const before = (await opened.weights.of(policy)).feeds;
policy.version++;
const [again] = await sampler.sample([{ lane: sampler.open(policy, 1, 64)[0], read: inputIds[0].slice(0, 10), constraint: null, validAgainst: null, maxTokens: 4, uniform: () => 0.5 }], { temperature: 1, topP: 1, topK: 1 });
const after = (await opened.weights.of(policy)).feeds;
const places = Object.fromEntries(Object.entries(after).map(([name, { location }]) => [name, location]));
const anew = Object.keys(after).filter((name) => after[name] !== before[name]);
await opened.sessions.dispose();
console.log('RESULT' + JSON.stringify({ scored, greedy: [...greedy.tokens], again: [...again.tokens], places, anew }));
process.exit(0);
`;

afterAll(() => rm(FOLDER, { recursive: true, force: true }));

// SwiftShader compiles every kernel on the CPU: about half a minute. PARLEY_WEBGPU_MODELS=llama,gemma3,qwen3 checks more.
describe.skipIf(!DRIVER)('on WebGPU', () => {
  it.each((process.env.PARLEY_WEBGPU_MODELS ?? 'llama').split(','))(
    '%s computes what it computes on the CPU, and nothing falls back to the CPU',
    { timeout: 240_000 },
    async (name) => {
      const profiles = join(FOLDER, name);
      await mkdir(profiles, { recursive: true });
      const script = join(FOLDER, `${name}.mjs`);
      await build({
        stdin: { contents: SCRIPT, resolveDir: __dirname, loader: 'ts' },
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: ['onnxruntime-node'],
        outfile: script,
        logLevel: 'error',
      });
      const model = join(REPOSITORY, 'test/fixtures/hf', name);
      const environment = { ...process.env, VK_ICD_FILENAMES: DRIVER, LD_LIBRARY_PATH: dirname(DRIVER!) };
      const { stdout } = await promisify(execFile)(process.execPath, [script, model, profiles], { env: environment, maxBuffer: 1 << 26 });
      const found = JSON.parse(stdout.slice(stdout.indexOf('RESULT') + 6));
      const { adapter } = JSON.parse(await readFile(join(model, 'reference.json'), 'utf8'));
      const { loss, gradNorm, gradNorms } = found.scored;
      expect(Math.abs(loss - adapter.loss)).toBeLessThan(1e-4);
      expect(Math.abs(gradNorm / adapter.gradNorm - 1)).toBeLessThan(1e-3);
      for (const [tensor, norm] of Object.entries<number>(adapter.gradNorms))
        expect(Math.abs(gradNorms[tensor] / norm - 1), tensor).toBeLessThan(1e-3);
      expect(found.greedy).toEqual(adapter.greedy.slice(10, 14));
      expect(found.again).toEqual(found.greedy);
      // Frozen and merged weights are sent to the device once, not with every run.
      expect(new Set(Object.values(found.places))).toEqual(new Set(['gpu-buffer']));
      expect(found.anew.length).toBeGreaterThan(0);
      for (const weight of found.anew) expect(weight).toMatch(/_proj\.weight$/);

      const files = (await readdir(profiles)).filter((file) => file.endsWith('.json'));
      expect(files.length).toBeGreaterThan(4);
      let kernels = 0;
      for (const file of files) {
        const events: { name: string; args?: { provider?: string; op_name?: string } }[] = JSON.parse(
          await readFile(join(profiles, file), 'utf8'),
        );
        for (const { name: event, args } of events) {
          if (!event.endsWith('_kernel_time')) continue;
          // Copies to and from the device are the only nodes that are not ours.
          if (args?.op_name?.startsWith('Memcpy')) continue;
          expect(args?.provider, `${event} of ${file}`).toBe('WebGpuExecutionProvider');
          kernels++;
        }
      }
      expect(kernels).toBeGreaterThan(500);
    },
  );
});
