import { expect, test } from 'vitest'
import { runCampaign } from './campaign.ts'

test('a campaign counts every run of every thread, the same for one thread as for three', async () => {
  const campaign = {
    first: 7_001,
    seeds: 101,
    modes: 'alternate' as const,
    keepsGoing: false,
    onProgress: () => undefined,
  }
  const alone = await runCampaign({ ...campaign, workers: 1 })
  expect(alone.runs).toBe(101)
  expect(await runCampaign({ ...campaign, workers: 3 })).toEqual(alone)
}, 300_000)
