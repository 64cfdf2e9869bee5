import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';
import type { Locator } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../src/runs/journal';
import { repository } from '../host/server';
import { writeHuggingFaceModel } from '../runs/huggingFaceModel';
import { useWorkbench } from './workbench';

/** Tests may run side by side with others on this machine, which listen too. */
async function freePort(): Promise<number> {
  const probe = net.createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** A model whose prompts are the full ones, as those of a training server are; random, tiny, and with room for a negotiation in bytes. */
function writeModel(folder: string): void {
  writeHuggingFaceModel(folder);
  const file = path.join(folder, 'config.json');
  const config = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>;
  fs.writeFileSync(file, JSON.stringify({ ...config, max_position_embeddings: 8192 }));
}

const PRESET = 'of the test';

/** Adds a preset to those that are installed, where an iteration takes a second instead of an hour. */
function offerPreset(server: string): void {
  const extensions = path.join(server, 'extensions');
  const installed = fs.readdirSync(extensions).find((name) => name.startsWith('parley.parley-'));
  const file = path.join(extensions, installed ?? '', 'media/presets/ipd.json');
  const all = JSON.parse(fs.readFileSync(file, 'utf8')) as { readonly presets: Readonly<Record<string, unknown>> };
  const small = { about: '', extends: 'paper', iterations: 50, negotiations: 2, groupSize: 2, checkpointEvery: 1, decoding: 'free' };
  const own = { ...small, gameSettings: { rounds: 2 }, buffer: { enabled: false }, algorithms: { aa: { buffer: { enabled: false } } } };
  fs.writeFileSync(file, JSON.stringify({ ...all, presets: { ...all.presets, [PRESET]: own } }));
}

describe('A training server of this machine', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = path.join(repository, 'out/e2e/trainingServer.mjs');
  const folder = fs.mkdtempSync(path.join(repository, 'out/e2e-model-'));
  const workbench = useWorkbench({
    viewport: { width: 1440, height: 900 },
    settings: {
      'parley.tinker.baseUrl': url,
      'parley.tinker.baseModel': 'test/base',
      'parley.tinker.tokenizer': folder,
      'parley.tinker.rank': 2,
      'parley.tinker.normalisation': 'sum',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the setting has placeholders of its own
      'parley.tinker.command': { command: process.execPath, args: [server, '${port}', folder, '${baseModel}'], cwd: folder },
    },
    prepare: async () => {
      writeModel(folder);
      await build({
        entryPoints: [path.join(repository, 'test/tinker/main.ts')],
        ...{ outfile: server, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'warning' },
      });
    },
  });
  const row = (name: RegExp): Locator => workbench().sidebar().getByRole('treeitem', { name }).first();
  const runs = (): string[] => {
    const root = path.join(workbench().workspace, '.parley/runs');
    return fs.existsSync(root) ? fs.readdirSync(root).map((name) => path.join(root, name)) : [];
  };
  const answers = (): Promise<boolean> =>
    fetch(`${url}/api/v1/get_server_capabilities`).then(
      ({ ok }) => ok,
      () => false,
    );
  /** Waits until the log has a line so many times. */
  const logged = (line: string, times: number): Promise<void> =>
    expect.poll(() => workbench().logs().split(line).length - 1, { timeout: 100_000 }).toBe(times);

  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('is started, and said to be ready once its model answers', { timeout: 150_000 }, async () => {
    expect(await answers()).toBe(false);
    await workbench().command('Parley: Start Local Training Server');
    await workbench()
      .page.locator('.statusbar-item', { hasText: `Training server ready at ${url}` })
      .waitFor({ timeout: 100_000 });
    await workbench().screenshot('server-ready');
    expect(await answers()).toBe(true);
    await logged(`listening at ${url}`, 1);
    await logged(`ready at ${url}`, 1);
  });

  it('trains a run that the palette starts on it', { timeout: 240_000 }, async () => {
    offerPreset(workbench().server.folder);
    await workbench().command('Parley: Start AA Run', 'Game');
    await workbench().press('Enter');
    await workbench().question('Policy');
    await workbench().pick(`on the training server ${url}, LoRA of rank 2`);
    await workbench().question('Preset');
    await workbench().screenshot('server-presets');
    await workbench().pick(PRESET);
    await row(/^iteration 1\b/).waitFor({ timeout: 100_000 });
    const trained = async (): Promise<{ readonly loss: number; readonly trainedTokens: number }[]> => {
      const { lines, problems } = await readJournal(runs()[0] ?? '');
      expect(problems).toEqual([]);
      return lines.flatMap((line) => (line.type === 'iteration' && line.training ? [line.training] : []));
    };
    await expect.poll(async () => (await trained()).length, { timeout: 100_000 }).toBeGreaterThan(1);
    await workbench().screenshot('server-run');
    const [run = '', ...others] = runs();
    expect(others).toEqual([]);
    expect(JSON.parse(fs.readFileSync(path.join(run, 'run.json'), 'utf8'))).toMatchObject({
      device: `server ${url}`,
      config: { engine: { kind: 'tinker', baseUrl: url, baseModel: 'test/base' }, adapter: { rank: 2 } },
    });
    for (const { loss, trainedTokens } of await trained()) expect([Number.isFinite(loss), trainedTokens > 0]).toEqual([true, true]);
  });

  it('stops with the run', { timeout: 150_000 }, async () => {
    expect(await answers()).toBe(true);
    await workbench().command('Parley: Stop Run');
    await expect.poll(() => runs().filter((run) => fs.existsSync(path.join(run, 'lock.json'))), { timeout: 30_000 }).toEqual([]);
    await expect.poll(answers, { timeout: 30_000 }).toBe(false);
    await logged('stopping: the runs that trained on it have ended', 1);
    await logged(`${process.execPath} was stopped`, 1);
  });

  it('is stopped by hand, too', { timeout: 150_000 }, async () => {
    await workbench().command('Parley: Start Local Training Server');
    await logged(`ready at ${url}`, 2);
    expect(await answers()).toBe(true);
    await workbench().command('Parley: Stop Local Training Server');
    await logged(`${process.execPath} was stopped`, 2);
    expect(await answers()).toBe(false);
  });

  it('reported no error of its own', () => {
    expect(workbench().ownErrors()).toEqual([]);
  });
});
