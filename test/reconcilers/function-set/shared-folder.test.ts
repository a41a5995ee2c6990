import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../../src/clients/host/random.ts'
import { SourceReader } from '../../../src/reconcilers/function-set/source.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** What a program with a state file of that name has. */
function readerBeside({ folder }: FunctionStage, name: string): SourceReader {
  return new SourceReader({
    location: join(folder, '.reconcile', name),
    env: { PATH: process.env.PATH, HOME: folder },
    unique: () => systemRandom.id(),
    now: () => Date.now(),
  })
}

describe('two programs with a state file each in one folder', () => {
  it('leave each other’s bundling alone', async () => {
    stage = await FunctionStage.open()
    const names = Array.from({ length: 10 }, (_, index) => `fn-${index}`)
    for (const name of names) await stage.addFunction(name)
    const other = readerBeside(stage, 'staging.db')
    let isOver = false
    const sweep = async () => {
      while (!isOver) {
        // What the end of a deploy of theirs does.
        await other.hold(async () => undefined)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const sweeping = sweep()
    try {
      await stage.pass(stage.desired())
    } finally {
      isOver = true
      await sweeping
    }
    expect(stage.published()).toEqual(names)
    expect(await stage.pass(stage.desired())).toEqual([])
  }, 60_000)
})

describe('a fault of the machine while a function is bundled', () => {
  it('is no fault of its source, and is not remembered', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('one')
    await stage.pass(stage.desired())
    await stage.addFunction('one', 'changed')
    const reader = readerBeside(stage, 'state.db')
    const folder = join(reader.zipOf('0'.repeat(64)), '..')
    const { one: digest = '' } = stage.site.published?.functions ?? {}
    // What is bundled next would have the place of a folder.
    await rm(folder, { recursive: true })
    await stage.addFunction('one')
    await mkdir(join(reader.zipOf(digest), 'in-the-way'), { recursive: true })
    await expect(stage.pass(stage.desired({ schedules: { one: '0 4 * * *' } }))).rejects.toMatchObject({
      code: 'BundlerFailed',
      message: expect.stringMatching(/^Could not bundle one \(netlify\/functions\/one\.mjs\): E[A-Z]+/),
    })
    await rm(reader.zipOf(digest), { recursive: true, force: true })
    stage.site.age(61_000)
    await stage.pass(stage.desired({ schedules: { one: '0 4 * * *' } }))
    expect(stage.site.published?.schedules).toEqual([{ name: 'one', cron: '0 4 * * *' }])
  }, 60_000)
})
