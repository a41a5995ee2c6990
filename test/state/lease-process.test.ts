import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLeaseKeeper } from '../../src/state/lease.ts'
import { start } from './children/run.ts'
import { openFile, realClock, temporaryFolder } from './fixtures.ts'
import { ownHolder, thisMachine } from './this-machine.ts'

test('a living process keeps its lease; killed with SIGKILL it is replaced at once', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'state.db')
  const child = start(new URL('./children/hold-lease.ts', import.meta.url), [path])
  const store = await openFile(path)
  const keeper = openLeaseKeeper({ store, clock: realClock, isAlive: thisMachine })
  const holder = ownHolder('pass')
  try {
    const [token] = await child.lines(1)
    expect(await keeper.look()).toMatchObject({ holder: { pid: child.process.pid } })
    await expect(keeper.acquire({ holder, waitFor: 0 })).rejects.toMatchObject({ code: 'LeaseHeld' })
    await child.kill()
    const lease = await keeper.acquire({ holder, waitFor: 0 })
    expect(lease.token).toBeGreaterThan(Number(token))
    await lease.release()
  } finally {
    await child.kill()
    await store.close()
    folder.remove()
  }
})

test('of two processes that start at once one gets the lease, and the other when the first is gone', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'state.db')
  const children = [1, 2].map(() => start(new URL('./children/hold-lease.ts', import.meta.url), [path]))
  const [one, two] = children
  try {
    if (!one || !two) throw new Error('Expected two children')
    const first = await Promise.race(children.map((child) => child.lines(1).then(() => child)))
    const second = first === one ? two : one
    expect(second.output()).toBe('')
    await first.kill()
    const [token] = await second.lines(1)
    expect(Number(token)).toBeGreaterThan(Number(first.output()))
  } finally {
    for (const child of children) await child.kill()
    folder.remove()
  }
})
