import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage
let stop: (() => void) | undefined

afterEach(async () => {
  stop?.()
  await stage.close()
})

describe('a saved source', () => {
  it('wakes its set, wherever it lies, and nothing else does', async () => {
    stage = await FunctionStage.open()
    await stage.write('lib/text.ts', "export const text = 'one'\n")
    await stage.write(
      'netlify/functions/hello.mts',
      "import { text } from '../../lib/text.ts'\nexport default async () => new Response(text)\n",
    )
    await stage.write('README.md', 'hello')
    let woken = 0
    let lastAt = Date.now()
    /** One save may be several events, and each may take its time. */
    const becomeQuiet = async () => {
      while (Date.now() - lastAt < 1000) await new Promise((resolve) => setTimeout(resolve, 100))
    }
    stop = (await stage.connection()).watch?.(() => {
      woken += 1
      lastAt = Date.now()
    })
    await stage.pass(stage.desired())
    await stage.observe(stage.desired())
    const saves: readonly (readonly [string, () => Promise<void>])[] = [
      [
        'in the directory',
        () => stage.write('netlify/functions/hello.mts', 'export default async () => {}\n'),
      ],
      ['a new one', () => stage.addFunction('second')],
      ['outside of it', () => stage.write('lib/text.ts', "export const text = 'two'\n")],
      ['netlify.toml', () => stage.write('netlify.toml', '[functions]\nnode_bundler = "esbuild"\n')],
      ['taken away', () => rm(join(stage.folder, 'netlify/functions/second.mjs'), { force: true })],
    ]
    for (const [what, save] of saves) {
      woken = 0
      // Saved again: the watcher itself needs a moment before it hears of the first.
      const heard = async () => {
        await save()
        return woken
      }
      await expect.poll(heard, { message: what, timeout: 20_000, interval: 1000 }).toBeGreaterThan(0)
      await becomeQuiet()
    }
    woken = 0
    await stage.write('README.md', 'other')
    await stage.write('lib/unused.ts', 'export {}\n')
    await stage.write('netlify/functions/node_modules/some/index.js', 'module.exports = 1\n')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(woken).toBe(0)
  }, 60_000)

  it('is heard after a function could not be bundled and was mended from anywhere in the project', async () => {
    stage = await FunctionStage.open()
    let woken = 0
    stop = (await stage.connection()).watch?.(() => {
      woken += 1
    })
    const wakes = async (what: string, save: () => Promise<void>) => {
      woken = 0
      const heard = async () => {
        await save()
        return woken
      }
      await expect.poll(heard, { message: what, timeout: 20_000, interval: 1000 }).toBeGreaterThan(0)
    }
    const source = "import { text } from '../../lib/text.ts'\nexport default async () => new Response(text)\n"
    await stage.write('netlify/functions/hello.mts', source)
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'FunctionNotBundled' })
    await stage.observe(stage.desired())
    await wakes('the file that it lacks', () => stage.write('lib/text.ts', "export const text = 'one'\n"))
    await stage.pass(stage.desired())
    await stage.observe(stage.desired())
    await wakes('in the directory', () => stage.addFunction('second'))
    await wakes('outside of it', () => stage.write('lib/text.ts', "export const text = 'two'\n"))
  }, 90_000)

  it('wakes its set where a link in the directory leads to it', async () => {
    stage = await FunctionStage.open()
    await stage.write('lib/text.ts', "export const text = 'one'\n")
    await stage.write(
      'netlify/functions/hello/index.mts',
      "import { text } from './shared/text.ts'\nexport default async () => new Response(text)\n",
    )
    await symlink(join(stage.folder, 'lib'), join(stage.folder, 'netlify/functions/hello/shared'))
    let woken = 0
    stop = (await stage.connection()).watch?.(() => {
      woken += 1
    })
    await stage.pass(stage.desired())
    await stage.observe(stage.desired())
    // What the watch tells of when it begins.
    await new Promise((resolve) => setTimeout(resolve, 2000))
    woken = 0
    const heard = async () => {
      await stage.write('lib/text.ts', `export const text = '${Date.now()}'\n`)
      return woken
    }
    await expect.poll(heard, { timeout: 20_000, interval: 1000 }).toBeGreaterThan(0)
  }, 60_000)

  it('is not looked for behind a link after a failed bundle: that may be a whole disk', async () => {
    stage = await FunctionStage.open()
    const elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'))
    await symlink(elsewhere, join(stage.folder, 'data'))
    await symlink('round', join(stage.folder, 'round'))
    let woken = 0
    stop = (await stage.connection()).watch?.(() => {
      woken += 1
    })
    await stage.write(
      'netlify/functions/hello.mts',
      "import '../../lib/text.ts'\nexport default async () => {}\n",
    )
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'FunctionNotBundled' })
    await stage.observe(stage.desired())
    await new Promise((resolve) => setTimeout(resolve, 3000))
    woken = 0
    await writeFile(join(elsewhere, 'photo.jpg'), 'x')
    await new Promise((resolve) => setTimeout(resolve, 2000))
    expect(woken).toBe(0)
    await rm(elsewhere, { recursive: true })
  }, 30_000)
})
