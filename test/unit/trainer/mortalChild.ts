import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as esbuild from 'esbuild';

/** Bundles a program that lies beside this file, for Node; it finds the product's media folder as the sources do. */
export async function bundleChild(source: string, outfile: string): Promise<void> {
  await esbuild.build({
    entryPoints: [join(__dirname, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['onnxruntime-node'],
    define: { __dirname: JSON.stringify(__dirname) },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
}

/** Starts it; `crashAt` as `PARLEY_CRASH_AT`. */
export function startChild(program: string, args: readonly string[], crashAt?: string): ChildProcess {
  return spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...(crashAt !== undefined && { PARLEY_CRASH_AT: crashAt }) },
  });
}

/** The exit code, or the signal that ended it. */
export async function endOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? code ?? -1;
}
