import { defineConfig } from 'vitest/config'

/** Kills, full disks and damage against the built program: minutes long, and run by hand (`npm run test:chaos`). */
export default defineConfig({
  test: {
    include: ['test/e2e/chaos/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 900_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    env: { NO_COLOR: '1' },
  },
})
