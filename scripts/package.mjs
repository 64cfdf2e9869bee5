// Makes parley-<target>-<version>.vsix: `npm run package [-- --target linux-arm64]`, by default for this machine.
// An extension carries the native runtime of its own platform only, which is what --target means to VS Code as well.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { installDependencies, PreparationError, root } from './prepare.mjs';
import { run } from './processGroup.mjs';

/** What onnxruntime-node ships binaries for. */
const targets = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** A .vsix has 10 MB (linux-arm64) to 28 MB (win32-x64); past this, something has slipped in. */
const largestMegabytes = 60;

/** The .vsix that `package` writes for `target`. */
export function vsixPath(target = `${process.platform}-${process.arch}`) {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return path.join(root, `parley-${target}-${version}.vsix`);
}

/**
 * Builds for production, writes ThirdPartyNotices.txt, and packages.
 * @param {string} target
 * @returns {Promise<string>} the .vsix
 * @throws PreparationError for a target that the native runtime has no binaries for, or where vsce refuses
 */
export async function packageExtension(target = `${process.platform}-${process.arch}`) {
  if (!targets.includes(target))
    throw new PreparationError(`Parley can't be packaged for ${target}: onnxruntime-node has ${targets.join(', ')}.`);
  await installDependencies();
  const { build } = await import('../esbuild.mjs');
  const { writeNotices } = await import('./notices.mjs');
  // A folder of its own would be cleaner, but package.json names dist/; development builds are simply built again.
  writeNotices(await build({ production: true }));
  // vsce has no per-target ignore file, and its "!" patterns always win: the allowlist gets one more line.
  const [platform, architecture] = target.split('-');
  const allowlist = readFileSync(path.join(root, '.vscodeignore'), 'utf8');
  const ignoreFile = path.join(root, `out/package/${target}.vscodeignore`);
  mkdirSync(path.dirname(ignoreFile), { recursive: true });
  writeFileSync(ignoreFile, `${allowlist}!node_modules/onnxruntime-node/bin/napi-v6/${platform}/${architecture}/**\n`);
  const out = vsixPath(target);
  rmSync(out, { force: true });
  const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
  const args = [
    'package',
    '--target',
    target,
    '--out',
    out,
    '--ignoreFile',
    ignoreFile,
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
  ];
  const { code } = await run(process.execPath, [vsce, ...args], {
    cwd: root,
    env: { PARLEY_PACKAGING: target },
    seconds: 240,
    stdout: 'stderr',
  });
  if (code !== 0) throw new PreparationError(`vsce package ended with code ${code}.`);
  const megabytes = statSync(out).size / 2 ** 20;
  if (megabytes > largestMegabytes)
    throw new PreparationError(`${out} has ${megabytes.toFixed(0)} MB, more than ${largestMegabytes}. What slipped in?`);
  return out;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { argv } = process;
  try {
    if (argv.includes('--prepublish')) {
      // vscode:prepublish. A plain `vsce package` would leave the native runtime out without a word.
      if (!process.env.PARLEY_PACKAGING)
        throw new PreparationError('Package with `npm run package [-- --target TARGET]`: it picks the native runtime.');
    } else {
      const target = argv.includes('--target') ? argv[argv.indexOf('--target') + 1] : undefined;
      const out = await packageExtension(target);
      process.stdout.write(`${path.relative(root, out)}  ${(statSync(out).size / 2 ** 20).toFixed(1)} MB\n`);
    }
  } catch (error) {
    process.stderr.write(`${error instanceof PreparationError ? error.message : error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  }
}
