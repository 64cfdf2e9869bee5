import fs from 'node:fs';
import path from 'node:path';

/** What `run()` leaves for the launcher: a crashed extension host leaves nothing, and that counts as a failure. */
export interface IntegrationResults {
  readonly passed: number;
  readonly failed: number;
  readonly pending: number;
  readonly tests: readonly { readonly title: string; readonly state: 'passed' | 'failed' | 'pending'; readonly error?: string }[];
}

type TestRecord = IntegrationResults['tests'][number];

/**
 * Runs every `*.test.cjs` beside this bundle inside the extension host, called by VS Code as its `extensionTestsPath`.
 * `PARLEY_RESULTS` names the file to write the results to, `PARLEY_GREP` a pattern that titles must match.
 * @throws Error where a test failed or none ran
 */
export async function run(): Promise<void> {
  const { default: Mocha } = await import('mocha');
  const grep = process.env.PARLEY_GREP;
  const mocha = new Mocha({ ui: 'bdd', color: false, timeout: 20_000, ...(grep ? { grep: new RegExp(grep) } : {}) });
  for (const file of fs.readdirSync(__dirname).sort()) if (file.endsWith('.test.cjs')) mocha.addFile(path.join(__dirname, file));
  await mocha.loadFilesAsync();

  const tests: TestRecord[] = [];
  await new Promise<void>((resolve) => {
    mocha
      .run(() => resolve())
      .on('pass', (test) => tests.push({ title: test.fullTitle(), state: 'passed' }))
      .on('pending', (test) => tests.push({ title: test.fullTitle(), state: 'pending' }))
      .on('fail', (test, error: Error) => tests.push({ title: test.fullTitle(), state: 'failed', error: String(error.stack ?? error) }));
  });
  const count = (state: TestRecord['state']) => tests.filter((test) => test.state === state).length;
  const results: IntegrationResults = { passed: count('passed'), failed: count('failed'), pending: count('pending'), tests };
  const file = process.env.PARLEY_RESULTS;
  if (file !== undefined) fs.writeFileSync(file, JSON.stringify(results, null, 1));
  if (results.failed > 0 || results.passed === 0) throw new Error(`${results.passed} passed, ${results.failed} failed`);
}
