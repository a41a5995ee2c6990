import { defineConfig } from 'vitest/config'

/** Two thousand seeds of the simulation; run by hand (`npm run test:simulation`) until it finds nothing any more. */
export default defineConfig({
  test: {
    include: ['test/simulation/**/*.test.ts'],
    globalSetup: ['test/support/generate.ts'],
    testTimeout: 900_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    env: { NO_COLOR: '1' },
  },
})
