// Bundles the product into dist/ and, with --tests, what the tests need into out/test/.
//   node esbuild.mjs [--production] [--watch] [--tests] [--only extension,trainer,cli,webview]
// Everything it says goes to stderr: stdout belongs to whoever called it (`parley --json` builds itself first).
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

const root = path.dirname(fileURLToPath(import.meta.url));
const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

/** The native runtime stays outside every bundle: its .node file can't be bundled. */
const nativeRuntime = ['onnxruntime-node', 'onnxruntime-common'];

/** @type {Record<string, { entry: string, options: import('esbuild').BuildOptions }>} */
const products = {
  extension: { entry: 'src/extension.ts', options: { platform: 'node', format: 'cjs', external: ['vscode'] } },
  trainer: { entry: 'src/trainer/main.ts', options: { platform: 'node', format: 'cjs', external: nativeRuntime } },
  cli: { entry: 'src/cli.ts', options: { platform: 'node', format: 'cjs', external: nativeRuntime } },
  webview: { entry: 'webview/main.tsx', options: { platform: 'browser', format: 'iife', jsx: 'automatic', jsxImportSource: 'preact' } },
};

/**
 * Writes each output beside its place and renames it, so that a process which starts during a build
 * (a second terminal, a test) reads the old bundle or the new one, never half of one.
 * @type {import('esbuild').Plugin}
 */
const atomicOutput = {
  name: 'atomic-output',
  setup(build) {
    build.onEnd(({ outputFiles = [] }) => {
      for (const { path: file, contents } of outputFiles) {
        mkdirSync(path.dirname(file), { recursive: true });
        const draft = `${file}.${process.pid}.tmp`;
        writeFileSync(draft, contents);
        renameSync(draft, file);
      }
    });
  },
};

/** @returns {import('esbuild').BuildOptions} what every bundle shares */
function shared(production) {
  return {
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    sourcemap: production ? false : 'linked',
    minify: production,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
    plugins: [atomicOutput],
  };
}

/** CommonJS bundles have no import.meta; this gives them the one field that is worth having. */
const nodeOptions = {
  target: 'node20',
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  // VS Code warns of every look at Node's new global `navigator`, which libraries ask for to recognise browsers.
  define: { 'import.meta.url': 'importMetaUrl', navigator: 'undefined' },
};

/**
 * The product's bundles as esbuild options; an entry point that isn't there is left out, and said.
 * @param {{ production: boolean, only?: readonly string[] }} settings
 */
export function productBundles({ production, only }) {
  const unknown = only?.filter((name) => !(name in products)) ?? [];
  if (unknown.length > 0)
    throw new Error(`esbuild.mjs --only: no bundle named ${unknown.join(', ')}; there are ${Object.keys(products).join(', ')}`);
  return Object.entries(products).flatMap(([name, { entry, options }]) => {
    if (only && !only.includes(name)) return [];
    if (!existsSync(path.join(root, entry))) {
      say(`skipped dist/${name}.js: ${entry} does not exist`);
      return [];
    }
    const forNode = options.platform === 'node';
    return [
      {
        ...shared(production),
        ...(forNode ? nodeOptions : { target: 'es2022' }),
        define: { ...(forNode ? nodeOptions.define : {}), 'process.env.NODE_ENV': production ? '"production"' : '"development"' },
        ...options,
        // Names of functions and classes stay in stack traces and in error messages that quote them.
        keepNames: forNode,
        entryPoints: { [name]: entry },
        outdir: 'dist',
      },
    ];
  });
}

/** @param {string} folder @param {string} ending */
const filesIn = (folder, ending) =>
  existsSync(path.join(root, folder))
    ? readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith(ending))
        .map((file) => path.join(folder, file))
    : [];

/** What the integration tests need: one CommonJS file a test for the extension host, and the launcher for Node. */
export function testBundles() {
  const inHost = ['test/integration/index.ts', ...filesIn('test/integration', '.test.ts')].filter((file) =>
    existsSync(path.join(root, file)),
  );
  const inNode = ['test/integration/launch.ts', 'test/host/server.ts', 'test/tinker/main.ts'].filter((file) =>
    existsSync(path.join(root, file)),
  );
  const common = { ...shared(false), outbase: 'test', outdir: 'out/test', platform: /** @type {const} */ ('node') };
  return [
    {
      ...common,
      ...nodeOptions,
      format: 'cjs',
      external: ['vscode', 'mocha', ...nativeRuntime],
      outExtension: { '.js': '.cjs' },
      entryPoints: inHost,
    },
    { ...common, target: 'node20', format: 'esm', packages: 'external', outExtension: { '.js': '.mjs' }, entryPoints: inNode },
  ].filter(({ entryPoints }) => entryPoints.length > 0);
}

/** Removes the outputs of integration tests that are gone: a deleted test must not go on passing. */
function sweepTests(written) {
  const keep = new Set(written.map(({ path: file }) => file));
  for (const file of filesIn('out/test/integration', 'js').concat(filesIn('out/test/integration', '.map'))) {
    if (!keep.has(path.join(root, file))) rmSync(path.join(root, file));
  }
}

/**
 * Builds once.
 * @param {{ production?: boolean, tests?: boolean, only?: readonly string[] }} [settings]
 * @returns {Promise<import('esbuild').Metafile[]>} what went into each bundle
 */
export async function build({ production = false, tests = false, only } = {}) {
  const bundles = [...productBundles({ production, only }), ...(tests ? testBundles() : [])];
  const settled = await Promise.allSettled(bundles.map((options) => esbuild.build(options)));
  // A bundle that fails does not keep the others from being written.
  const results = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = settled.find((result) => result.status === 'rejected');
  const written = results.flatMap((result) => result.outputFiles ?? []);
  for (const { path: file, contents } of written) report(file, contents.length);
  if (failure) throw failure.reason;
  if (tests) sweepTests(written);
  return results.flatMap((result) => (result.metafile ? [result.metafile] : []));
}

function report(file, bytes) {
  if (!file.endsWith('.map')) say(`${path.relative(root, file)}  ${(bytes / 1024).toFixed(0)} KB`);
}

async function watch({ production, tests, only }) {
  const bundles = [...productBundles({ production, only }), ...(tests ? testBundles() : [])];
  // These two lines are what .vscode/tasks.json's background matcher waits for.
  let running = 0;
  const announce = {
    name: 'announce',
    setup(build) {
      build.onStart(() => {
        if (running++ === 0) say('[watch] build started');
      });
      build.onEnd((result) => {
        for (const error of result.errors)
          say(`✘ [ERROR] ${error.text}\n    ${error.location?.file}:${error.location?.line}:${error.location?.column}:`);
        if (--running === 0) say('[watch] build finished');
      });
    },
  };
  for (const options of bundles) {
    const context = await esbuild.context({ ...options, logLevel: 'silent', plugins: [...(options.plugins ?? []), announce] });
    await context.watch();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const flags = process.argv.slice(2);
  const only = flags.includes('--only') ? flags[flags.indexOf('--only') + 1]?.split(',') : undefined;
  const settings = { production: flags.includes('--production'), tests: flags.includes('--tests'), only };
  try {
    await (flags.includes('--watch') ? watch(settings) : build(settings));
  } catch (error) {
    // esbuild has already printed its own errors.
    if (!(error instanceof Error && 'errors' in error)) say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
