import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** It names source maps that it does not ship, and each would be a line of warning. */
const parserWithoutMaps = {
  name: 'parser-without-maps',
  enforce: 'pre' as const,
  load: (id: string) =>
    /@actions\/workflow-parser\/.*\.js$/.test(id)
      ? readFileSync(id, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
      : null,
}

export default defineConfig({
  plugins: [parserWithoutMaps],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/e2e/**',
      // A package of its own.
      'test/netlify-cli/**',
      'test/conformance/{process,workflow,function-set}.test.ts',
      'test/reconcilers/script-set/checks.test.ts',
      'test/reconcilers/process/rollout.test.ts',
    ],
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
