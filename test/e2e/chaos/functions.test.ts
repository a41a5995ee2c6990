import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  type FunctionFleet,
  functionSource,
  manifest,
  setFunctionStage,
  siteFiles,
} from '../../support/function-fleet.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const program = join(fileURLToPath(new URL('../../..', import.meta.url)), 'dist/reconcile.mjs')

describe('a deploy that is cut off', () => {
  const rounds = 100
  const functions = 5

  it(`leaves one published deploy, whole, in each of ${rounds} passes that are killed at random`, async () => {
    const random = new SeededRandom(20_261_124)
    const stage = await setFunctionStage(functions)
    const { site, simulator, fleet, env } = stage
    const kills = { before: 0, during: 0, after: 0 }
    try {
      const seeded = await fleet.reconcile([], { env, limit: 300_000 })
      expect(seeded.status, `${seeded.out}\n${seeded.err}`).toBe(0)
      for (let round = 0; round < rounds; round += 1) {
        simulator.age(120_000)
        // Another schedule, and Netlify lacks the zips again: as much to do as for new sources, without the bundler,
        // which takes its part every tenth time.
        await fleet.write('manifests/site.yaml', manifest(`  schedules: { fn-000: "${round % 60} 4 * * *" }`))
        if (round % 10 === 9)
          await fleet.write('netlify/functions/fn-001.mjs', functionSource(`round ${round}`))
        const before = site.publishedId
        for (const [name, sha] of Object.entries(site.published?.functions ?? {})) {
          if (name !== 'other') site.zips.delete(sha)
        }
        const deploys = site.deploys.length
        await killedOnce(stage, random, kills)
        const { published } = site
        // What was published at the moment of death is what was before, or whole.
        if (published && published.id !== before) expect(site.requiredFunctions(published)).toEqual([])
        const next = await fleet.reconcile([], { env, limit: 300_000 })
        expect(next.status, `${next.out}\n${next.err}`).toBe(0)
        expect(site.deploys.slice(deploys).filter(({ state }) => state === 'ready')).toHaveLength(1)
        expect(site.deploys.slice(deploys)).toHaveLength(1)
        expect(Object.keys(site.published?.functions ?? {})).toHaveLength(functions + 1)
        expect(site.published && site.requiredFunctions(site.published)).toEqual([])
        expect(Object.keys(site.published?.files ?? {})).toHaveLength(Object.keys(siteFiles).length)
      }
      expect(await (await fetch(`${site.url}/.netlify/functions/fn-001`)).text()).toBe(`round ${rounds - 1}`)
      expect(simulator.violations).toEqual([])
      // The seed must hit what matters: between the beginning of the deploy and its end.
      expect(kills.during).toBeGreaterThan(20)
      expect(kills.before).toBeGreaterThan(5)
    } finally {
      await simulator.close()
      await fleet.destroy()
    }
  }, 1_800_000)
})

/** A pass that is killed at some call, before or after its effect. */
async function killedOnce(
  { simulator, fleet, env }: FunctionFleet,
  random: SeededRandom,
  kills: { before: number; during: number; after: number },
): Promise<void> {
  // A pass that deploys makes some dozen calls; half of the rounds die at one that writes.
  const dies = random.isLucky(0.5)
    ? { on: random.isLucky(0.5) ? 'createSiteDeploy' : 'uploadDeployFunction', at: 0 }
    : { on: undefined, at: random.between(0, 12) }
  const phase = random.isLucky(0.5) ? 'received' : 'done'
  const child = spawn(process.execPath, [program], {
    cwd: fleet.folder,
    env: { ...fleet.env, ...env },
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  let seen = 0
  let hasBegun = false
  let isKilled = false
  simulator.hook = async ({ operation, phase: now }) => {
    if (now === 'received') seen += 1
    if (operation === 'createSiteDeploy' && now === 'done') hasBegun = true
    const isDrawn = dies.on === undefined ? seen > dies.at : operation === dies.on
    if (!isDrawn || now !== phase) return
    simulator.hook = undefined
    isKilled = true
    kills[!hasBegun ? 'before' : 'during'] += 1
    child.kill('SIGKILL')
    await ended
  }
  await ended
  if (!isKilled) kills.after += 1
  simulator.hook = undefined
}
