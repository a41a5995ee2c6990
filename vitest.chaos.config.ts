import { defineConfig } from 'vitest/config'

/** Kills, full disks and damage against the built program: six minutes by itself, two with the ten kills of `.ci/run`. */
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
