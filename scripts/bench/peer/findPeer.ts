import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';

const run = promisify(execFile);

/** What the peer is made of. */
const PACKAGES = ['torch', 'transformers', 'peft'];

const INSTALL_MILLISECONDS = 420_000;

/** A Python that has the peer's packages. */
export interface Peer {
  readonly python: string;
  /** `PyTorch 2.9.0, transformers 5.0.0, PEFT 0.18.0`. */
  readonly versions: string;
}

/**
 * The Python that `PARLEY_BENCH_PYTHON` names, or the system's, or one with its packages installed under `out/`, which is tried once.
 * @returns null where there is none
 * @throws Error when `PARLEY_BENCH_PYTHON` lacks a package.
 */
export async function findPeer(root: string): Promise<Peer | null> {
  const asked = process.env.PARLEY_BENCH_PYTHON;
  if (asked) {
    const versions = await versionsOf(asked);
    if (versions === null)
      throw new Error(`PARLEY_BENCH_PYTHON: ${asked} has not all of ${PACKAGES.join(', ')}; install them there, or unset it`);
    return { python: asked, versions };
  }
  const system = process.platform === 'win32' ? 'python' : 'python3';
  const folder = join(root, 'out/peer');
  const own = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (!existsSync(folder) && (await versionsOf(system)) === null) await install(system, folder, own);
  for (const python of [system, own]) {
    const versions = await versionsOf(python);
    if (versions !== null) return { python, versions };
  }
  return null;
}

/** What failed stays in its folder, so that the next bench need not wait for it again. */
async function install(system: string, folder: string, own: string): Promise<void> {
  process.stderr.write(`installing ${PACKAGES.join(', ')} to compare with, once …\n`);
  try {
    await run(system, ['-m', 'venv', folder], { timeout: 60_000 });
    await run(own, ['-m', 'pip', 'install', '--quiet', '--retries', '1', ...PACKAGES], { timeout: INSTALL_MILLISECONDS });
  } catch {
    process.stderr.write(`they could not be installed; remove ${folder} to try again\n`);
  }
}

/** Asked of the packages' descriptions: importing them takes many seconds. */
async function versionsOf(python: string): Promise<string | null> {
  const script = `import importlib.metadata as m, json; print(json.dumps([m.version(name) for name in ${JSON.stringify(PACKAGES)}]))`;
  try {
    const { stdout } = await run(python, ['-c', script], { timeout: 30_000 });
    const [torch, transformers, peft] = z.tuple([z.string(), z.string(), z.string()]).parse(JSON.parse(stdout));
    return `PyTorch ${torch}, transformers ${transformers}, PEFT ${peft}`;
  } catch {
    return null;
  }
}
