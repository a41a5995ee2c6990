import { execFileSync } from 'node:child_process'
import { copyFile, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, lives } from '../../support/fleet.ts'
import { Havoc, seed, tell } from '../../support/havoc.ts'

let havoc: Havoc
let salt = 200
let unmount: () => void = () => undefined

beforeEach(async () => {
  salt += 1
  havoc = await Havoc.create(salt)
  for (const name of ['p0', 'p1', 'p2']) await havoc.declare(name)
})
afterEach(async () => {
  // What uses it ends first; a mount that is in use cannot go.
  for (const started of havoc.fleet.started) {
    started.signal('SIGKILL')
    await started.ended
  }
  unmount()
  unmount = () => undefined
  await havoc.destroy()
})

/** A small disk of its own for the state. False where this machine does not let us mount one. */
async function giveSmallDisk(): Promise<boolean> {
  const folder = havoc.fleet.path('.reconcile')
  await havoc.fleet.write('.reconcile/.keep', '')
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return false
  }
  unmount = () => execFileSync('umount', [folder])
  return true
}

/** Takes every free byte. */
async function fillDisk(): Promise<void> {
  const filler = await open(havoc.fleet.path('.reconcile/filler'), 'a')
  try {
    for (const size of [65_536, 4096, 512]) {
      try {
        for (;;) await filler.write(Buffer.alloc(size, 1))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
      }
    }
  } finally {
    await filler.close()
  }
}

/**
 * Where nothing can be mounted: a limit on how large a file may grow (`ulimit -f`, in blocks of 512 bytes), which SQLite
 * meets at the same call and reports as a failed write.
 */
async function startFull(args: readonly string[], isMounted: boolean) {
  if (isMounted) return havoc.fleet.start(args)
  return havoc.fleet.start(args, { under: ['sh', '-c', 'ulimit -f 1; exec "$@"', 'sh'] })
}

describe(`a store without room (CHAOS_SEED=${seed})`, () => {
  it('stops everything with a clear word, and nothing is done until there is room again', async () => {
    const isMounted = await giveSmallDisk()
    tell(`the disk of the store is ${isMounted ? 'a tmpfs that is filled up' : 'bounded by ulimit'}`)
    await havoc.expectPass()

    if (isMounted) await fillDisk()
    await havoc.deleteByHand('p0')
    const before = lives(await havoc.fleet.processes())
    const pass = await startFull([], isMounted)
    expect(await pass.ended, pass.log()).toBe(1)
    expect(pass.log()).toMatch(/StoreFull|StoreUnavailable/)
    const watch = await startFull(['watch'], isMounted)
    expect(await watch.ended, watch.log()).toBe(1)
    expect(watch.log()).toMatch(/StoreFull|StoreUnavailable/)
    expect(lives(await havoc.fleet.processes())).toEqual(before)

    if (isMounted) await rm(havoc.fleet.path('.reconcile/filler'))
    await havoc.expectConverged()
  })

  it('ends a controller that runs when its disk fills up, and what it did was written down first', async () => {
    if (!(await giveSmallDisk())) {
      tell('nothing can be mounted here: a disk that fills up under a controller was not tried')
      return
    }
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    await eventually(() => havoc.expectWorldAsDeclared())
    await fillDisk()
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
    expect(watch.log()).toContain('StoreFull')
    expect(await havoc.doubled()).toEqual([])
    const before = lives(await havoc.fleet.processes())
    expect((await havoc.fleet.reconcile([])).status).toBe(1)
    expect(lives(await havoc.fleet.processes())).toEqual(before)
    await rm(havoc.fleet.path('.reconcile/filler'))
    await havoc.expectConverged()
  })
})

describe(`a damaged store (CHAOS_SEED=${seed})`, () => {
  const state = () => havoc.fleet.path('.reconcile/state.db')
  const damages: readonly (readonly [string, () => Promise<void>])[] = [
    ['cut to nothing', () => truncate(state(), 0)],
    [
      'cut in the middle',
      async () => truncate(state(), Math.floor((await stat(state())).size / 2 / 512) * 512),
    ],
    ['overwritten with noise', () => writeFile(state(), Buffer.alloc(20_000, 'noise'))],
    ['scribbled into', () => scribble(state())],
    ['the page of a table zeroed', () => overwrite(state(), 4096, Buffer.alloc(4096))],
  ]

  /** Random bytes at random places, of a page that is in use. */
  async function scribble(path: string): Promise<void> {
    const pages = Math.floor((await stat(path)).size / 4096)
    for (let page = 1; page < pages; page += 1) {
      const noise = Buffer.from(Array.from({ length: 64 }, () => havoc.random.between(0, 255)))
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

  it('is refused while no controller runs, whatever the damage, and is never taken for an empty one', async () => {
    await havoc.expectPass()
    await havoc.inviteStrangers()
    const copy = havoc.fleet.path('copy.db')
    await copyFile(state(), copy)
    const before = lives(await havoc.fleet.processes())
    await havoc.undeclare('p2')
    for (const [what, damage] of damages) {
      await copyFile(copy, state())
      await damage()
      const bytes = await readFile(state())
      for (const args of [[], ['watch'], ['plan'], ['status']]) {
        const run = await havoc.fleet.reconcile(args)
        expect(run.status, `${what}: ${args.join(' ')}\n${run.out}${run.err}`).toBe(1)
        expect(run.err, what).toContain('StoreCorrupt')
      }
      expect(await readFile(state()), what).toEqual(bytes)
      expect(lives(await havoc.fleet.processes()), what).toEqual(before)
    }
    await copyFile(copy, state())
    await havoc.expectConverged()
  })

  it('that is moved away is begun anew: what runs is taken back by its marks, and nothing is restarted', async () => {
    await havoc.expectPass()
    const before = lives(await havoc.fleet.processes())
    await overwrite(state(), 0, Buffer.alloc(512))
    expect((await havoc.fleet.reconcile([])).status).toBe(1)
    await rename(state(), havoc.fleet.path('damaged.db'))
    await havoc.expectConverged()
    expect(lives(await havoc.fleet.processes())).toEqual(before)
  })

  it('under a controller that runs leads to nothing that is deleted or doubled', async () => {
    await havoc.expectPass()
    await havoc.inviteStrangers()
    for (const [what, damage] of damages) {
      await copyFile(state(), havoc.fleet.path('copy.db'))
      const watch = await havoc.fleet.watch()
      await watch.logged('controller started')
      await damage()
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
      for (const suffix of ['', '-wal', '-shm']) await rm(`${state()}${suffix}`, { force: true })
      await copyFile(havoc.fleet.path('copy.db'), state())
      await havoc.expectConverged()
    }
  })

  it('that is taken away under a controller ends it, and does not make two of them', async () => {
    await havoc.expectPass()
    const watch = await havoc.fleet.watch()
    await watch.logged('controller started')
    await eventually(async () => expect(watch.log()).toContain('manifests read'))
    for (const suffix of ['', '-wal', '-shm']) await rm(`${state()}${suffix}`, { force: true })
    expect(await watch.ended, watch.log()).toBe(1)
    expect(watch.log()).toContain('StoreUnavailable')
    await havoc.expectConverged()
  })
})
