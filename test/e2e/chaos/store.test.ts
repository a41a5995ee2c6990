import { copyFile, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { eventually, lives } from '../../support/fleet.ts'
import { type Havoc, it, seed, tell } from '../../support/havoc.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'

async function begin(havoc: Havoc): Promise<void> {
  for (const name of ['p0', 'p1', 'p2']) await havoc.declare(name)
}

/**
 * Where nothing can be mounted: a limit on how large a file may grow (`ulimit -f`, in blocks of 512 bytes), which SQLite
 * meets at the same call and reports as a failed write.
 */
function startFull(havoc: Havoc, args: readonly string[], isMounted: boolean) {
  if (isMounted) return havoc.fleet.start(args)
  return havoc.fleet.start(args, { under: ['sh', '-c', 'ulimit -f 1; exec "$@"', 'sh'] })
}

/** The same, with room for some commits: the log beside the state file may grow to a little more than that file is. */
async function startBounded(havoc: Havoc, args: readonly string[]) {
  const blocks = Math.ceil((await stat(stateOf(havoc))).size / 512) + 64
  return havoc.fleet.start(args, { under: ['sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh'] })
}

const stateOf = (havoc: Havoc) => havoc.fleet.path('.reconcile/state.db')

const damages: readonly (readonly [string, (path: string, random: SeededRandom) => Promise<void>])[] = [
  ['cut to nothing', (path) => truncate(path, 0)],
  ['cut in the middle', async (path) => truncate(path, Math.floor((await stat(path)).size / 2 / 512) * 512)],
  ['overwritten with noise', (path) => writeFile(path, Buffer.alloc(20_000, 'noise'))],
  ['scribbled into', scribble],
  ['the page of a table zeroed', (path) => overwrite(path, 4096, Buffer.alloc(4096))],
]

/** Random bytes at the start of every page but the first. */
async function scribble(path: string, random: SeededRandom): Promise<void> {
  const pages = Math.floor((await stat(path)).size / 4096)
  for (let page = 1; page < pages; page += 1) {
    const noise = Buffer.from(Array.from({ length: 64 }, () => random.between(0, 255)))
    await overwrite(path, page * 4096, noise)
  }
}

async function overwrite(path: string, at: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, at)
  } finally {
    await file.close()
  }
}

describe.concurrent(`a store without room (CHAOS_SEED=${seed})`, () => {
  it('stops everything with a clear word, and nothing is done until there is room again', async ({
    havoc,
  }) => {
    await begin(havoc)
    const isMounted = await havoc.giveSmallDisk()
    tell(`the disk of the store is ${isMounted ? 'a tmpfs that is filled up' : 'bounded by ulimit'}`)
    await havoc.expectPass()

    if (isMounted) await havoc.fillDisk()
    await havoc.deleteByHand('p0')
    const before = lives(await havoc.fleet.processes())
    const pass = startFull(havoc, [], isMounted)
    expect(await pass.ended, pass.log()).toBe(1)
    expect(pass.log()).toMatch(/StoreFull|StoreUnavailable/)
    const watch = startFull(havoc, ['watch'], isMounted)
    expect(await watch.ended, watch.log()).toBe(1)
    expect(watch.log()).toMatch(/StoreFull|StoreUnavailable/)
    expect(lives(await havoc.fleet.processes())).toEqual(before)

    if (isMounted) await havoc.emptyDisk()
    await havoc.expectConverged()
  })

  it('ends a controller that runs when its disk fills up, and what it did was written down first', async ({
    havoc,
  }) => {
    await begin(havoc)
    const isMounted = await havoc.giveSmallDisk()
    const way = isMounted ? 'a tmpfs that is filled up' : 'files that may not grow any more (ulimit)'
    tell(`the disk that fills up under a controller is ${way}`)
    await havoc.expectPass()
    const watch = isMounted ? await havoc.fleet.watch() : await startBounded(havoc, ['watch'])
    await watch.logged('controller started')
    await eventually(() => havoc.expectWorldAsDeclared())
    if (isMounted) await havoc.fillDisk()
    // What is in the log already may be written over; sooner or later it must grow.
    let hasEnded = false
    void watch.ended.then(() => {
      hasEnded = true
    })
    await eventually(async () => {
      await havoc.deleteByHand('p1')
      expect(hasEnded).toBe(true)
    }, 60_000)
    expect(await watch.ended).toBe(1)
    // A file that may not grow is no full disk to SQLite, and no less an end.
    expect(watch.log()).toContain(isMounted ? 'StoreFull' : 'StoreUnavailable')
    expect(await havoc.doubled()).toEqual([])
    const before = lives(await havoc.fleet.processes())
    // Its log went when it ended, and left room.
    if (isMounted) await havoc.fillDisk()
    const again = startFull(havoc, [], isMounted)
    expect(await again.ended, again.log()).toBe(1)
    expect(lives(await havoc.fleet.processes())).toEqual(before)
    if (isMounted) await havoc.emptyDisk()
    await havoc.expectConverged()
  })
})

describe.concurrent(`a damaged store (CHAOS_SEED=${seed})`, () => {
  it('is refused while no controller runs, whatever the damage, and is never taken for an empty one', async ({
    havoc,
  }) => {
    await begin(havoc)
    await havoc.expectPass()
    await havoc.inviteStrangers()
    const copy = havoc.fleet.path('copy.db')
    await copyFile(stateOf(havoc), copy)
    const before = lives(await havoc.fleet.processes())
    await havoc.undeclare('p2')
    for (const [what, damage] of damages) {
      await copyFile(copy, stateOf(havoc))
      await damage(stateOf(havoc), havoc.random)
      const bytes = await readFile(stateOf(havoc))
      for (const args of [[], ['watch'], ['plan'], ['status']]) {
        const run = await havoc.fleet.reconcile(args)
        expect(run.status, `${what}: ${args.join(' ')}\n${run.out}${run.err}`).toBe(1)
        expect(run.err, what).toContain('StoreCorrupt')
      }
      expect(await readFile(stateOf(havoc)), what).toEqual(bytes)
      expect(lives(await havoc.fleet.processes()), what).toEqual(before)
    }
    await copyFile(copy, stateOf(havoc))
    await havoc.expectConverged()
  })

  it('that is moved away is begun anew: what runs is taken back by its marks, and nothing is restarted', async ({
    havoc,
  }) => {
    await begin(havoc)
    await havoc.expectPass()
    const before = lives(await havoc.fleet.processes())
    await overwrite(stateOf(havoc), 0, Buffer.alloc(512))
    expect((await havoc.fleet.reconcile([])).status).toBe(1)
    await rename(stateOf(havoc), havoc.fleet.path('damaged.db'))
    await havoc.expectConverged()
    expect(lives(await havoc.fleet.processes())).toEqual(before)
  })

  it('under a controller that runs leads to nothing that is deleted or doubled', async ({ havoc }) => {
    await begin(havoc)
    await havoc.expectPass()
    await havoc.inviteStrangers()
    for (const [what, damage] of damages) {
      await copyFile(stateOf(havoc), havoc.fleet.path('copy.db'))
      const watch = await havoc.fleet.watch()
      await watch.logged('controller started')
      await damage(stateOf(havoc), havoc.random)
      for (let blow = 0; blow < 3; blow += 1) {
        await havoc.deleteByHand(havoc.random.pick(['p0', 'p1', 'p2'] as const))
        await havoc.pause(50, 250)
      }
      expect(await havoc.doubled(), what).toEqual([])
      await havoc.expectStrangersUntouched()
      watch.signal('SIGTERM')
      await watch.ended
      const run = await havoc.fleet.reconcile([])
      if (run.status !== 0) expect(run.err, what).toContain('StoreCorrupt')
      // Where the log held everything the damage was written over; else a person restores the copy.
      for (const suffix of ['', '-wal', '-shm']) await rm(`${stateOf(havoc)}${suffix}`, { force: true })
      await copyFile(havoc.fleet.path('copy.db'), stateOf(havoc))
      await havoc.expectConverged()
    }
  })

  it('that is taken away under a controller ends it, and does not make two of them', async ({ havoc }) => {
    await begin(havoc)
    await havoc.expectPass()
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    await eventually(async () => expect(watch.log()).toContain('manifests read'))
    for (const suffix of ['', '-wal', '-shm']) await rm(`${stateOf(havoc)}${suffix}`, { force: true })
    expect(await watch.ended, watch.log()).toBe(1)
    // Whoever notices first says it: a commit, or the keeping of the lease.
    expect(watch.log()).toContain('it was taken away while it was in use')
    await havoc.expectConverged()
  })
})
