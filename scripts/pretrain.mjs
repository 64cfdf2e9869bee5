// `npm run pretrain`: makes media/policies/seed, the embedded policy. Deterministic at the same number of threads.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { root } from './prepare.mjs';

const outfile = path.join(root, 'out/pretrain.js');
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['src/trainer/pretraining/main.ts'],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['onnxruntime-node', 'onnxruntime-common'],
  outfile,
  logLevel: 'warning',
});
process.exitCode = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' }).status ?? 1;
