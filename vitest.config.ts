import { defineConfig } from 'vitest/config';

export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  test: {
    include: ['{src,webview,scripts,test}/**/*.test.{ts,tsx,mjs}'],
    // Those run elsewhere: inside an extension host, and against a packaged extension.
    exclude: ['**/node_modules/**', 'test/integration/**', 'test/e2e/**'],
    // Training tests load ONNX Runtime, which is safest in a process of its own.
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
