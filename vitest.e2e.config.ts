import { defineConfig } from 'vitest/config'

/**
 * End to end: the built program as a user runs it, with real daemons. Each file has a world of its own. Most of their time is
 * waiting: two at once keep two cores busy for little more than half of it.
 */
export default defineConfig({
  test: {
    include: [
      'test/e2e/*.test.ts',
      'test/conformance/{process,workflow,function-set}.test.ts',
      'test/reconcilers/script-set/checks.test.ts',
      'test/reconcilers/process/rollout.test.ts',
    ],
    globalSetup: [
      'test/support/build.ts',
      'test/support/gh.ts',
      'test/support/alertmanager.ts',
      'test/support/shells.ts',
      'test/support/netlify-cli.ts',
    ],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 3,
    env: { NO_COLOR: '1' },
  },
})
