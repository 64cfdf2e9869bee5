import { defineConfig } from 'vitest/config';

/** End-to-end tests: one workbench at a time, in the order of the files' names. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/e2e/**/*.e2e.ts'],
    pool: 'forks',
    fileParallelism: false,
    sequence: { shuffle: false },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A test that fails once has failed: no retries.
    retry: 0,
  },
});
