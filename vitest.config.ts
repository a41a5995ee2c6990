import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/simulation/**', 'test/conformance/{process,workflow}.test.ts'],
    // Validators and types are made from the schemas first: no test may judge stale ones.
    globalSetup: ['test/support/generate.ts'],
    // It imports JSON as only bundlers do.
    server: { deps: { inline: ['@actions/workflow-parser'] } },
    // Real daemons and real child processes: a test may wait for one, but never for ever.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make real processes start late.
    maxWorkers: 2,
    // Vendor settings of the developer's shell must not leak into a test.
    env: { NO_COLOR: '1' },
  },
})
