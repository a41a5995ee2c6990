import { spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { eventually } from './fleet.ts'
import {
  type FunctionFleet,
  functionName,
  functionSource,
  manifest,
  notServed,
  siteFiles,
  textAt,
} from './function-fleet.ts'
import type { SeededRandom } from './seeded-random.ts'

const program = join(fileURLToPath(new URL('../..', import.meta.url)), 'dist/reconcile.mjs')

/**
 * What kills wait for, in turn: a call (before or after its effect), a time since the start, the bundler at work and a
 * while more, a write of the store.
 */
const moments = ['call', 'time', 'bundling', 'store'] as const
type Moment = (typeof moments)[number]

/** Calls that are waited for, in turn; undefined: one of the first, whichever it is. */
const calls = ['uploadDeployFunction', undefined, 'createSiteDeploy', undefined] as const

/** Where the kills of a test fell, for it to see that they hit what matters. */
export interface Kills {
  readonly rounds: Record<Moment, number>
  /** Before the deploy was begun, while it was under way, and after it was published. */
  readonly fell: Record<'before' | 'during' | 'after', number>
  /** Passes that were over before their moment came. */
  missed: number
}

/**
 * Kills so many passes that deploy at random moments, and lets the next one end each: it must leave one published deploy that
 * is whole, without having made a second one. One that was over before its moment came is no kill and made up for, unless as
 * many were.
 */
export async function killAndFinish(
  stage: FunctionFleet,
  options: { readonly rounds: number; readonly functions: number; readonly random: SeededRandom },
): Promise<Kills> {
  const { rounds, functions, random } = options
  const { site, simulator, fleet, env } = stage
  const kills: Kills = {
    rounds: { call: 0, time: 0, bundling: 0, store: 0 },
    fell: { before: 0, during: 0, after: 0 },
    missed: 0,
  }
  // The first one is on a schedule, and answers nobody.
  const answers = new Map(
    Array.from({ length: functions - 1 }, (_, index) => [functionName(index + 1), functionName(index + 1)]),
  )
  let passTime = await finish(stage)
  for (let round = 0; kills.missed < rounds && round - kills.missed < rounds; round += 1) {
    simulator.age(120_000)
    const moment = inTurn(moments, round)
    const call = inTurn(calls, kills.rounds.call)
    kills.rounds[moment] += 1
    // Another schedule, and Netlify lacks the zips again: as much to upload as for new sources, with less to bundle.
    const cron = `${round % 60} 4 * * *`
    await fleet.write('manifests/site.yaml', manifest(`  schedules: { ${functionName(0)}: "${cron}" }`))
    const isBundling = moment === 'bundling' || random.isLucky(0.1)
    for (let changed = isBundling ? Math.ceil(functions / 10) : 0; changed > 0; changed -= 1) {
      const name = functionName(random.between(1, functions - 1))
      answers.set(name, `${name} of round ${round}`)
      await fleet.write(`netlify/functions/${name}.mjs`, functionSource(`${name} of round ${round}`))
    }
    const before = site.publishedId
    for (const [name, sha] of Object.entries(site.published?.functions ?? {})) {
      if (name !== 'other') site.zips.delete(sha)
    }
    const deploys = site.deploys.length
    const isKilled = await killOnce(stage, { moment, call, passTime, random })
    if (!isKilled) kills.missed += 1
    else if (site.deploys.length === deploys) kills.fell.before += 1
    else kills.fell[site.publishedId === before ? 'during' : 'after'] += 1
    // What was published at the moment of death is what was before, or whole.
    const { published } = site
    if (published && published.id !== before) expect(site.requiredFunctions(published)).toEqual([])
    simulator.age(120_000)
    passTime = await finish(stage)
    const what = `round ${round}, killed at ${moment}`
    const made = site.deploys.slice(deploys).map(({ state }) => state)
    expect(made, what).toEqual(['ready'])
    await expectWhole(stage, { functions, what })
    expect(site.published?.schedules, what).toEqual([{ name: functionName(0), cron }])
    const name = functionName(random.between(1, functions - 1))
    expect(await textAt(stage, `/.netlify/functions/${name}`), what).toBe(answers.get(name))
  }
  expect(await notServed(stage, answers)).toEqual([])
  const { out } = await fleet.reconcile(['status', '-o', 'json'], { env })
  expect(JSON.parse(out)).toMatchObject({ resources: [{ sync: 'Synced', health: 'Healthy' }] })
  return kills
}

function inTurn<T>(items: readonly T[], turn: number): T {
  return items[turn % items.length] as T
}

/** A pass to its end; resolves with the milliseconds that it took. */
async function finish({ fleet, env }: FunctionFleet): Promise<number> {
  const from = performance.now()
  const { status, out, err } = await fleet.reconcile([], { env, limit: 300_000 })
  expect(status, `${out}\n${err}`).toBe(0)
  return performance.now() - from
}

/** The published deploy has all that it lists, and lists all that must be there. */
async function expectWhole(
  stage: FunctionFleet,
  { functions, what }: { readonly functions: number; readonly what: string },
): Promise<void> {
  const { published } = stage.site
  expect(Object.keys(published?.functions ?? {}), what).toHaveLength(functions + 1)
  expect(published && stage.site.requiredFunctions(published), what).toEqual([])
  expect(published && stage.site.requiredFiles(published), what).toEqual([])
  for (const [path, text] of Object.entries(siteFiles)) expect(await textAt(stage, path), what).toBe(text)
}

/** Runs a pass until its moment comes; false: it ended before. */
async function killOnce(
  { simulator, fleet, env }: FunctionFleet,
  at: {
    readonly moment: Moment
    readonly call: string | undefined
    readonly passTime: number
    readonly random: SeededRandom
  },
): Promise<boolean> {
  const { moment, call, passTime, random } = at
  const child = spawn(process.execPath, [program], {
    cwd: fleet.folder,
    env: { ...fleet.env, ...env },
    stdio: 'ignore',
  })
  let isOver = false
  let isKilled = false
  const ended = new Promise<void>((resolve) =>
    child.on('close', () => {
      isOver = true
      resolve()
    }),
  )
  const kill = () => {
    if (!isOver && child.kill('SIGKILL')) isKilled = true
  }
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  const stops: (() => void)[] = []
  switch (moment) {
    case 'call': {
      let left = random.between(0, call === undefined ? 12 : 3)
      const phase = random.isLucky(0.5) ? 'received' : 'done'
      simulator.hook = async ({ operation, phase: now }) => {
        if (now !== phase || (call ?? operation) !== operation || isKilled) return
        if (call !== 'createSiteDeploy' && left > 0) left -= 1
        else {
          kill()
          await ended
        }
      }
      break
    }
    case 'time':
      void pause(random.between(0, Math.ceil(passTime))).then(kill)
      break
    case 'bundling': {
      const longer = random.between(0, 600)
      const isAtWork = async () => {
        const names = await readdir(fleet.path('.reconcile/functions/state.db'))
        if (!isOver && !names.some((name) => name.startsWith('work-'))) throw new Error('not at work yet')
      }
      void eventually(isAtWork, 60_000).then(() => pause(longer).then(kill), kill)
      break
    }
    case 'store': {
      let left = random.between(1, 25)
      const watcher = watch(fleet.path('.reconcile'), (_, name) => {
        if (!name?.startsWith('state.db')) return
        left -= 1
        if (left <= 0) kill()
      })
      stops.push(() => watcher.close())
      break
    }
  }
  await ended
  simulator.hook = undefined
  for (const stop of stops) stop()
  return isKilled
}
