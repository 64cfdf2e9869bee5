import { defineConfig } from 'vitest/config';

export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  test: {
    include: ['src/**/*.test.ts', 'webview/**/*.test.{ts,tsx}', 'test/unit/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Training tests load ONNX Runtime, which is safest in a process of its own.
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
