// Runs test/integration inside a real extension host: a desktop VS Code (VSCODE_EXECUTABLE_PATH, or a download that may take
// 15 seconds to begin), else code-server's. VSCODE_HOST=server or =desktop settles it. `--grep PATTERN` picks tests by title.
import fs from 'node:fs';
import path from 'node:path';
import { launchBrowser } from '../host/browser';
import { copySampleWorkspace } from '../host/sampleWorkspace';
import { repository, startServer, workbenchUrl } from '../host/server';
import type { IntegrationResults } from './index';

const extensionTestsPath = path.join(repository, 'out/test/integration/index.cjs');
const limitSeconds = Number(process.env.PARLEY_INTEGRATION_SECONDS ?? 180);

const resultsFile = process.env.PARLEY_RESULTS ?? path.join(repository, 'out/results/integration.json');
const grep = process.argv.includes('--grep') ? process.argv[process.argv.indexOf('--grep') + 1] : undefined;
const testEnvironment: Record<string, string> = { PARLEY_RESULTS: resultsFile, ...(grep === undefined ? {} : { PARLEY_GREP: grep }) };

/** @returns why the run broke, or `undefined` where VS Code reported that `run()` came to an end */
async function runOnDesktop(vscodeExecutablePath: string, folder: string): Promise<string | undefined> {
  const { runTests } = await import('@vscode/test-electron');
  try {
    await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: repository,
      extensionTestsPath,
      launchArgs: [folder, '--disable-extensions', '--disable-workspace-trust', '--no-sandbox'],
      extensionTestsEnv: testEnvironment,
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The same on code-server: the workbench in Chromium starts the extension host, whose end arrives through a function the page exposes. */
async function runOnServer(folder: string): Promise<string | undefined> {
  const server = await startServer({ env: testEnvironment, smokeTestDriver: true });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const finished = new Promise<undefined>((resolve, reject) => {
      page.exposeFunction('codeAutomationExit', () => resolve(undefined)).catch(reject);
    });
    const crashed = new Promise<string>((resolve) => {
      page.on('crash', () => resolve('the workbench page crashed'));
      // The extension host's end is also printed when all is well, so the page's report gets a moment to arrive first.
      server.onOutput((text) => {
        const ending = /Extension Host Process exited with code: \w+, signal: \w+/.exec(text)?.[0];
        if (ending !== undefined) setTimeout(() => resolve(ending), 3000);
      });
    });
    const late = new Promise<string>((resolve) => {
      setTimeout(() => resolve(`the tests did not end within ${limitSeconds} s`), limitSeconds * 1000).unref();
    });
    // A machine that is busy takes longer than the 30 seconds that Playwright allows.
    await page.goto(workbenchUrl(server, { folder, extensionDevelopmentPath: repository, extensionTestsPath }), {
      timeout: limitSeconds * 1000,
    });
    const broken = await Promise.race([finished, crashed, server.ended, late]);
    if (broken !== undefined) console.error(server.output().slice(-4000));
    return broken;
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** A desktop VS Code, or `undefined` where the server is wanted or no desktop can be had. */
async function findDesktop(): Promise<string | undefined> {
  const host = process.env.VSCODE_HOST ?? 'auto';
  if (!['auto', 'server', 'desktop'].includes(host)) throw new Error(`VSCODE_HOST is ${host}; it may be auto, server or desktop.`);
  const named = process.env.VSCODE_EXECUTABLE_PATH;
  if (host === 'server') return undefined;
  if (named) return named;
  try {
    const { downloadAndUnzipVSCode } = await import('@vscode/test-electron');
    return await downloadAndUnzipVSCode({ version: 'stable', timeout: 15_000 });
  } catch (error) {
    if (host === 'desktop') throw error;
    console.log(`No desktop VS Code (${error instanceof Error ? error.message : String(error)}); using code-server's.`);
    return undefined;
  }
}

function readResults(): IntegrationResults | undefined {
  if (!fs.existsSync(resultsFile)) return undefined;
  return JSON.parse(fs.readFileSync(resultsFile, 'utf8'));
}

fs.mkdirSync(path.dirname(resultsFile), { recursive: true });
fs.rmSync(resultsFile, { force: true });
const workspace = copySampleWorkspace();
let broken: string | undefined;
try {
  const desktop = await findDesktop();
  console.log(desktop === undefined ? "Integration tests in code-server's extension host" : `Integration tests in ${desktop}`);
  broken = desktop === undefined ? await runOnServer(workspace.folder) : await runOnDesktop(desktop, workspace.folder);
} finally {
  workspace.remove();
}

// The exit code alone proves nothing (a crashed extension host may report 0): the results file does.
const results = readResults();
const marks = { passed: '  ok     ', failed: '  FAILED ', pending: '  skipped' };
for (const test of results?.tests ?? [])
  console.log(`${marks[test.state]} ${test.title}${test.error === undefined ? '' : `\n${test.error}`}`);
if (results === undefined) console.error(`The extension host left no results${broken === undefined ? '' : `: ${broken}`}.`);
else if (broken !== undefined) console.error(broken);
const whole = results !== undefined && results.failed === 0 && results.passed > 0 && broken === undefined;
process.exit(whole ? 0 : 1);
