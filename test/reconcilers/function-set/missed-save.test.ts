import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logger.ts'
import { resourceId } from '../../../src/core/resource.ts'
import { SourceWatch } from '../../../src/reconcilers/function-set/source-watch.ts'

const id = resourceId('FunctionSet', 'site')

let folder: string
let directory: string
let stop: (() => void) | undefined
let woken: number

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'saves-'))
  directory = join(folder, 'functions')
  await mkdir(join(directory, 'nested'), { recursive: true })
  for (const name of ['a.mjs', 'b.mjs', 'nested/c.mjs']) await writeFile(join(directory, name), 'old\n')
  await writeFile(join(folder, 'elsewhere.mjs'), 'older\n')
  woken = 0
  // The system says in whole seconds at worst when a file was written.
  await pause(1500)
})

afterEach(async () => {
  stop?.()
  await rm(folder, { recursive: true, force: true })
})

function watchFrom(what: 'before' | 'after', paths: readonly string[], readAt: number): void {
  const watch = new SourceWatch(silentLogger)
  const start = () => {
    stop = watch.start((woke) => {
      expect(woke).toBe(id)
      woken += 1
    })
  }
  if (what === 'before') start()
  watch.follow(id, paths, readAt)
  if (what === 'after') start()
}

describe.each(['before', 'after'] as const)('a watch that begins %s its set was read', (begins) => {
  it.each<[string, () => Promise<void>]>([
    ['a save', () => writeFile(join(directory, 'a.mjs'), 'new\n')],
    ['a save in a folder below', () => writeFile(join(directory, 'nested/c.mjs'), 'new\n')],
    ['a new file', () => writeFile(join(directory, 'd.mjs'), 'new\n')],
    ['a removal', () => rm(join(directory, 'b.mjs'))],
    ['a file that was moved in', () => rename(join(folder, 'elsewhere.mjs'), join(directory, 'e.mjs'))],
  ])(
    'hears of %s between the reading and its beginning',
    async (_, save) => {
      await writeFile(join(folder, 'elsewhere.mjs'), 'older\n')
      await pause(1500)
      const readAt = Date.now()
      await save()
      watchFrom(begins, [directory], readAt)
      await expect.poll(() => woken, { timeout: 10_000 }).toBeGreaterThan(0)
    },
    20_000,
  )

  it('says nothing where nothing was saved', async () => {
    watchFrom(begins, [directory, join(folder, 'netlify.toml')], Date.now())
    await pause(1500)
    expect(woken).toBe(0)
    await writeFile(join(directory, 'a.mjs'), 'new\n')
    await expect.poll(() => woken, { timeout: 10_000 }).toBeGreaterThan(0)
  }, 20_000)
})
