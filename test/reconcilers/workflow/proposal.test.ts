import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SimulatedPull, SimulatedRepository } from '../../simulators/github/world.ts'
import { GithubWorld } from '../../support/github-world.ts'

const path = '.github/workflows/ci.yml'
const spec = { source: 'ci.yml', delivery: 'pull-request' as const }

let world: GithubWorld
let site: SimulatedRepository

beforeEach(async () => {
  world = await GithubWorld.create()
  site = world.simulator.world.add('acme/site')
  site.addWorkflow('ci.yml')
  // Nothing of ours is on the default branch but what was merged.
  await world.write('ci.yml', 'on: push\n')
  world.declare('ci', spec)
})

afterEach(async () => {
  const { violations } = world.simulator
  await world.close()
  expect(violations).toEqual([])
})

/** A pass and a quiet one; that must write nothing. What the first wrote. */
async function settle(): Promise<readonly string[]> {
  const written = await pass()
  expect(await pass()).toEqual([])
  return written
}

async function pass(): Promise<readonly string[]> {
  const before = world.simulator.writes().length
  await world.pass()
  world.advance(60_000)
  return world.simulator
    .writes()
    .slice(before)
    .map(({ route }) => route)
}

/** Health and message of the one that is declared. */
async function health(): Promise<string> {
  const { states } = await world.pass()
  return [...states.values()].map(({ status }) => `${status.health}: ${status.message}`).join()
}

function theOpenPull(): SimulatedPull {
  const open = site.pulls.filter(({ state }) => state === 'open')
  expect(open).toHaveLength(1)
  return open[0] as SimulatedPull
}

const onMain = () => String(site.branches.get('main')?.files.get(path))
const ownBranches = () => [...site.branches.keys()].filter((name) => name.startsWith('reconciled/'))
const drift = (text: string) => site.commit('main', path, Buffer.from(text))

describe('a pull request for a workflow file', () => {
  it('is opened once, kept up to date, and merged', async () => {
    expect(await settle()).toEqual(['createRef', 'putFile', 'createPull'])
    await world.write('ci.yml', 'on: [push]\n')
    expect(await settle()).toEqual(['putFile', 'updatePull'])
    site.merge(theOpenPull(), 'merge', { keepsBranch: false })
    expect(onMain()).toBe('on: [push]\n')
    expect(await settle()).toEqual([])
    expect(await health()).toMatch(/^Healthy/)
  })

  it.each([
    ['a merge, its branch kept', 'merge', true],
    ['a squash, its branch kept', 'squash', true],
    ['a merge, its branch deleted', 'merge', false],
    ['a squash, its branch deleted', 'squash', false],
  ] as const)(
    'is opened anew when the file drifts after %s, and can be merged',
    async (_, method, keepsBranch) => {
      await settle()
      site.merge(theOpenPull(), method, { keepsBranch })
      await settle()
      drift('on: drifted\n')
      await settle()
      expect(site.pulls).toHaveLength(2)
      site.merge(theOpenPull(), method, { keepsBranch })
      expect(onMain()).toBe('on: push\n')
      await settle()
      expect(await health()).toMatch(/^Healthy/)
    },
  )

  it('is closed where somebody brought the file in step by hand, and opened again when it drifts', async () => {
    await settle()
    drift('on: push\n')
    expect(await settle()).toEqual(['updatePull', 'deleteRef', 'updatePull'])
    expect(site.pulls.map(({ state }) => state)).toEqual(['closed'])
    expect(ownBranches()).toEqual([])
    drift('on: drifted\n')
    await settle()
    site.merge(theOpenPull(), 'squash', { keepsBranch: false })
    expect(onMain()).toBe('on: push\n')
  })

  it.each(['cut', 'cut-after', '502', '502-after'] as const)(
    'is closed with its branch in the end, whichever of its calls ends with %s',
    async (kind) => {
      for (const on of ['updatePull', 'deleteRef']) {
        await settle()
        drift('on: push\n')
        world.simulator.faults.add({ kind, on })
        await pass()
        world.simulator.faults.clear()
        await pass()
        await settle()
        expect(site.pulls.filter(({ state }) => state === 'open')).toEqual([])
        expect(ownBranches()).toEqual([])
        drift('on: drifted\n')
        // What we closed ourselves was not refused by a person.
        await settle()
        theOpenPull()
      }
    },
  )

  it('is closed with a branch that somebody deleted before', async () => {
    await settle()
    const pull = theOpenPull()
    drift('on: push\n')
    site.branches.delete(pull.head)
    await settle()
    expect(pull.state).toBe('closed')
  })

  it('that a person closed is not opened again with that content, and is with another', async () => {
    await settle()
    theOpenPull().state = 'closed'
    expect(await settle()).toEqual([])
    expect(await health()).toContain('a person closed pull request #1')
    await world.write('ci.yml', 'on: [push]\n')
    await settle()
    site.merge(theOpenPull(), 'merge', { keepsBranch: true })
    expect(onMain()).toBe('on: [push]\n')
  })

  it('is closed where another way is declared before it was looked at once', async () => {
    await pass()
    theOpenPull()
    world.declare('ci', { ...spec, delivery: 'commit' })
    await pass()
    await settle()
    expect(site.pulls.map(({ state }) => state)).toEqual(['closed'])
    expect(onMain()).toBe('on: push\n')
  })

  it.each(['createRef', 'putFile', 'createPull'])('is opened once where %s was cut off', async (on) => {
    for (const kind of ['cut', 'cut-after'] as const) {
      world.simulator.faults.add({ kind, on })
      await pass()
      world.simulator.faults.clear()
      await pass()
      await settle()
      const open = theOpenPull()
      site.merge(open, 'squash', { keepsBranch: true })
      drift(`on: drifted after ${kind}\n`)
    }
    expect(site.pulls).toHaveLength(2)
  })
})

describe('a pull request that is not asked for any more', () => {
  beforeEach(async () => {
    await settle()
    theOpenPull()
  })

  afterEach(() => {
    expect(site.pulls.map(({ state }) => state)).toContain('closed')
    expect(site.pulls.filter(({ base, state }) => base === 'main' && state === 'open')).toEqual([])
  })

  it('is closed where the file is committed instead', async () => {
    world.declare('ci', { ...spec, delivery: 'commit' })
    await pass()
    await settle()
    expect(onMain()).toBe('on: push\n')
    expect(ownBranches()).toEqual([])
  })

  it('is closed where the file is left alone', async () => {
    world.declare('ci', { state: 'active' })
    await pass()
    await settle()
    expect(onMain()).not.toBe('on: push\n')
  })

  it('is closed where another branch is meant, which gets its own', async () => {
    site.branch('release')
    world.declare('ci', { ...spec, branch: 'release' })
    await pass()
    await settle()
    expect(theOpenPull().base).toBe('release')
  })

  it.each(['Delete', 'Orphan', undefined] as const)(
    'is closed where the manifest is gone (deletionPolicy %s), and only then forgotten',
    async (deletionPolicy) => {
      world.declare('ci', spec, { deletionPolicy })
      // Where nothing at all is declared nothing is deleted.
      world.declare('other', { state: 'disabled' })
      await settle()
      world.undeclare('ci')
      world.simulator.faults.add({ kind: 'cut', on: 'updatePull', times: 1 })
      await pass()
      theOpenPull()
      await pass()
      await settle()
      expect(site.workflows[0]?.state).toBe(deletionPolicy === 'Delete' ? 'disabled_manually' : 'active')
    },
  )
})

describe('a list of pull requests that shows others than were asked for', () => {
  it('has none of them changed, closed or taken for ours', async () => {
    site.commit('main', 'README', Buffer.from('x'))
    site.branch('feature')
    site.commit('feature', 'README', Buffer.from('y'))
    const { number } = await openByHand('feature')
    world.simulator.faults.add({ kind: 'unfiltered', on: 'listPulls' })
    expect(await settle()).toEqual(['createRef', 'putFile', 'createPull'])
    drift('on: push\n')
    expect(await settle()).toEqual(['updatePull', 'deleteRef', 'updatePull'])
    world.declare('ci', {})
    await settle()
    const byHand = site.pulls.find((pull) => pull.number === number)
    expect(byHand).toMatchObject({ state: 'open', body: 'by a person' })
    expect(site.branches.has('feature')).toBe(true)
  })
})

async function openByHand(head: string): Promise<SimulatedPull> {
  const body = JSON.stringify({ head, base: 'main', title: 'a feature', body: 'by a person' })
  const headers = { authorization: 'token test-token', 'content-type': 'application/json' }
  await fetch(`${world.simulator.url}/repos/acme/site/pulls`, { method: 'POST', headers, body })
  return theOpenPull()
}
