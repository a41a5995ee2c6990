import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diffWorkflow } from '../../../src/reconcilers/workflow/diff.ts'
import type { ObservedFile, ObservedPull } from '../../../src/reconcilers/workflow/observed.ts'
import type { WorkflowSpec } from '../../../src/reconcilers/workflow/spec.generated.ts'
import type { SimulatedRepository } from '../../simulators/github/world.ts'
import { GithubWorld } from '../../support/github-world.ts'
import { desired, observed, pairOf } from './model.ts'

const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [string, string, string]
const committed = { source: 'ci.yml' }
const proposed = { source: 'ci.yml', delivery: 'pull-request' as const }

function pull(content: string, state: 'open' | 'closed' = 'open'): ObservedPull {
  const proposal = { head: 'reconciled/ci-1', base: 'main' }
  return {
    number: 5,
    state,
    isMerged: false,
    isOfOneRepository: true,
    body: '',
    url: '',
    content,
    ...proposal,
  }
}

describe('what is delivered anew is the word of who saved the source', () => {
  it.each<[string, Partial<WorkflowSpec>, ObservedFile, boolean]>([
    [
      'where the branch has what we delivered last',
      committed,
      { wanted: b, found: a, delivered: a, pull: undefined },
      true,
    ],
    [
      'and not where somebody set the branch back at once to what it had before',
      committed,
      { wanted: b, found: a, delivered: b, pull: undefined },
      false,
    ],
    [
      'and not where somebody changed the branch while it was saved',
      committed,
      { wanted: b, found: c, delivered: a, pull: undefined },
      false,
    ],
    [
      'and not where somebody deleted the file',
      committed,
      { wanted: b, found: undefined, delivered: a, pull: undefined },
      false,
    ],
    ['and not where we delivered nothing yet', committed, { wanted: b, found: a, pull: undefined }, false],
    [
      'where it is proposed on top of what we delivered last',
      proposed,
      { wanted: b, found: a, delivered: a, pull: undefined },
      true,
    ],
    [
      'where the pull request holds what we proposed last',
      proposed,
      { wanted: c, found: a, delivered: b, pull: pull(b) },
      true,
    ],
    [
      'and not where somebody changed the pull request',
      proposed,
      { wanted: b, found: a, delivered: b, pull: pull(c) },
      false,
    ],
    [
      'and not where somebody closed the pull request',
      proposed,
      { wanted: c, found: a, delivered: b, pull: pull(b, 'closed') },
      false,
    ],
  ])('%s', (_, spec, file, expected) => {
    const [action] = diffWorkflow(pairOf(desired(spec), observed({ file })))
    expect(action?.isUncontested ?? false).toBe(expected)
  })
})

describe('a source that is saved again and again within minutes', () => {
  let world: GithubWorld
  let site: SimulatedRepository
  const path = '.github/workflows/ci.yml'
  const onMain = () => String(site.branches.get('main')?.files.get(path))

  beforeEach(async () => {
    world = await GithubWorld.create()
    site = world.simulator.world.add('acme/site')
    site.addWorkflow('ci.yml')
    await world.write('ci.yml', 'on: push\n')
  })

  afterEach(async () => {
    const { violations } = world.simulator
    await world.close()
    expect(violations).toEqual([])
  })

  it('is committed each time', async () => {
    world.declare('ci', committed)
    await world.pass()
    for (let save = 1; save <= 8; save += 1) {
      const text = `on: push\n# ${save}\n`
      await world.write('ci.yml', text)
      world.advance(10_000)
      await world.pass()
      expect(onMain()).toBe(text)
    }
  })

  it('is proposed each time', async () => {
    world.declare('ci', proposed)
    await world.pass()
    for (let save = 1; save <= 8; save += 1) {
      const text = `on: push\n# ${save}\n`
      await world.write('ci.yml', text)
      world.advance(10_000)
      await world.pass()
      const [open] = site.pulls.filter(({ state }) => state === 'open')
      expect(String(site.branches.get(open?.head ?? '')?.files.get(path))).toBe(text)
    }
  })

  it('beside somebody who sets the branch back each time: that is a rival still', async () => {
    world.declare('ci', committed)
    await world.pass()
    let commits = 0
    for (let save = 1; save <= 12; save += 1) {
      site.commit('main', path, Buffer.from('on: push\n# theirs\n'))
      world.advance(5000)
      const before = world.simulator.writes().length
      await world.pass()
      commits += world.simulator.writes().length - before
    }
    expect(commits).toBeLessThan(8)
    const { states } = await world.pass()
    expect(JSON.stringify([...states.values()])).toContain('Contended')
  })
})
