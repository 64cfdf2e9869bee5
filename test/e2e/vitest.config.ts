import { defineConfig } from 'vitest/config';

/** Tests that need a browser: the packaged extension in a workbench (`test/e2e`), the webview alone (`test/webview`). One file at a time. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/{e2e,webview}/**/*.e2e.ts'],
    pool: 'forks',
    fileParallelism: false,
    sequence: { shuffle: false },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is polled for comes when the machine gets to it; only what never comes should fail.
    expect: { poll: { timeout: 20_000 } },
    // A test that fails once has failed: no retries.
    retry: 0,
  },
});
