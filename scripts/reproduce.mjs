// `npm run reproduce`: trains the embedded policy by rl, aa and sum on the paper's games over five seeds, with the ablations, and
// writes docs/findings.md. The same command goes on where it was stopped. Options: scripts/reproduce/main.ts.
import path from 'node:path';
import { installDependencies, PreparationError, root } from './prepare.mjs';
import { run } from './processGroup.mjs';

try {
  await installDependencies();
  const esbuild = await import('esbuild');
  const { build } = await import('../esbuild.mjs');
  await build({ only: ['trainer'] });
  await esbuild.build({
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
    entryPoints: ['scripts/reproduce/main.ts'],
    outfile: 'out/reproduce.mjs',
  });
  const day = 24 * 3600;
  const { code } = await run(process.execPath, [path.join(root, 'out/reproduce.mjs'), ...process.argv.slice(2)], {
    cwd: root,
    seconds: day,
  });
  process.exitCode = code ?? 1;
} catch (error) {
  process.stderr.write(`${error instanceof PreparationError ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
}
