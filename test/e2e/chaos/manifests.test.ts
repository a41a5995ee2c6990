import { execFileSync } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { eventually, lives } from '../../support/fleet.ts'
import { type Havoc, it, rounds, seed } from '../../support/havoc.ts'

const times = Math.max(2, Math.ceil(rounds / 15))

async function begin(havoc: Havoc): Promise<void> {
  for (const name of ['p0', 'p1', 'p2', 'p3']) await havoc.declare(name)
  await havoc.expectPass()
  await havoc.inviteStrangers()
}

describe.concurrent(`manifests under a running controller (CHAOS_SEED=${seed})`, () => {
  it(`swapped by git checkout ${times} times`, async ({ havoc }) => {
    await begin(havoc)
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ...args], {
        cwd: havoc.fleet.folder,
        stdio: 'ignore',
      })
    git('init', '-q', '-b', 'one')
    git('add', 'manifests', 'services')
    git('commit', '-qm', 'one')
    const one = new Map(havoc.declared)
    git('checkout', '-qb', 'two')
    await havoc.undeclare('p3')
    await havoc.declare('x0')
    await havoc.declare('p0', 'sleeper', 1)
    git('add', '-A', 'manifests')
    git('commit', '-qm', 'two')
    const two = new Map(havoc.declared)

    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    for (let round = 0; round < times; round += 1) {
      const isOne = round % 2 === 0
      git('checkout', '-q', isOne ? 'one' : 'two')
      havoc.declared.clear()
      for (const [name, declared] of isOne ? one : two) havoc.declared.set(name, declared)
      if (havoc.random.isLucky(0.4)) await eventually(() => havoc.expectWorldAsDeclared())
      else await havoc.pause(0, 500)
    }
    await eventually(() => havoc.expectWorldAsDeclared())
    watch.signal('SIGTERM')
    expect(await watch.ended, watch.log()).toBe(0)
    await havoc.expectConverged()
  })

  it(`moved away and back ${times} times: nothing goes, and what falls meanwhile is raised`, async ({
    havoc,
  }) => {
    await begin(havoc)
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    await eventually(() => havoc.expectWorldAsDeclared())
    for (let round = 0; round < times; round += 1) {
      const before = lives(await havoc.fleet.processes())
      await rename(havoc.fleet.path('manifests'), havoc.fleet.path('away'))
      await havoc.pause(0, 700)
      expect(lives(await havoc.fleet.processes())).toEqual(before)
      if (round % 3 === 0) {
        await havoc.deleteByHand('p1')
        await eventually(() => havoc.expectWorldAsDeclared())
      }
      await rename(havoc.fleet.path('away'), havoc.fleet.path('manifests'))
      await havoc.pause(0, 300)
    }
    watch.signal('SIGTERM')
    expect(await watch.ended, watch.log()).toBe(0)
    await havoc.expectConverged()
  })

  it(`half written ${2 * times} times: nothing changes for what is cut off`, async ({ havoc }) => {
    await begin(havoc)
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    await eventually(() => havoc.expectWorldAsDeclared())
    const before = lives(await havoc.fleet.processes())
    for (let round = 0; round < 2 * times; round += 1) {
      const name = havoc.random.pick(['p0', 'p1', 'p2', 'p3'] as const)
      const whole = havoc.manifest(name, 'sleeper', 0)
      // Up to the last line, which says what runs: cut there it would be another valid manifest.
      const cut = havoc.random.between(0, whole.lastIndexOf('script:') + 'script:'.length)
      await writeFile(havoc.fleet.path(`manifests/${name}.yaml`), whole.slice(0, cut))
      await havoc.pause(0, 500)
      expect(lives(await havoc.fleet.processes()), `cut at ${cut}`).toEqual(before)
      await writeFile(havoc.fleet.path(`manifests/${name}.yaml`), whole)
      await havoc.pause(0, 200)
    }
    watch.signal('SIGTERM')
    expect(await watch.ended, watch.log()).toBe(0)
    await havoc.expectConverged()
    expect(lives(await havoc.fleet.processes())).toEqual(before)
  })
})
