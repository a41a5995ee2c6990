import { afterEach, describe, expect, it } from 'vitest'
import { namesInZip } from '../../../src/clients/bundler/zip-names.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** What a pass did, and which texts the published function has with it. */
async function pass(desired: ReturnType<FunctionStage['desired']>): Promise<readonly [string, string]> {
  stage.site.age(61_000)
  const types = (await stage.pass(desired)).map(({ type }) => type).join()
  const zip = stage.site.zips.get(stage.site.published?.functions.hello ?? '')
  const names = namesInZip(zip ?? Buffer.alloc(0)).filter((name) => name.startsWith('data/'))
  return [types, names.join()]
}

describe('a file that is packed as it is', () => {
  it('by the source’s own settings is published when it changes, and when another one comes to be meant', async () => {
    stage = await FunctionStage.open()
    await stage.write('data/a.txt', 'one')
    const source = [
      "export default async () => new Response('hello')",
      "export const config = { includedFiles: ['../../data/*.txt', '!../../data/no-*'] }",
      '',
    ]
    await stage.write('netlify/functions/hello.mjs', source.join('\n'))
    const desired = stage.desired()
    expect(await pass(desired)).toEqual(['deploy', 'data/a.txt'])
    expect(await pass(desired)).toEqual(['', 'data/a.txt'])
    await stage.write('data/b.txt', 'two')
    stage.restart()
    expect(await pass(desired)).toEqual(['deploy', 'data/a.txt,data/b.txt'])
    await stage.write('data/no-c.txt', 'three')
    await stage.write('data/d.json', 'four')
    expect(await pass(desired)).toEqual(['', 'data/a.txt,data/b.txt'])
    const before = stage.site.published?.functions.hello
    await stage.write('data/a.txt', 'other')
    expect(await pass(desired)).toEqual(['deploy', 'data/a.txt,data/b.txt'])
    expect(stage.site.published?.functions.hello).not.toBe(before)
    expect(await pass(desired)).toEqual(['', 'data/a.txt,data/b.txt'])
  }, 60_000)

  it('of a package that is left outside of the bundle is published when the package changes', async () => {
    stage = await FunctionStage.open()
    const toml = ['[functions]', 'node_bundler = "esbuild"', 'external_node_modules = ["words"]', '']
    await stage.write('netlify.toml', toml.join('\n'))
    await stage.write('node_modules/words/package.json', '{"name":"words","version":"1.0.0"}')
    await stage.write('node_modules/words/index.js', 'module.exports = require("./list.js")')
    await stage.write('node_modules/words/list.js', 'module.exports = "one"')
    await stage.write(
      'netlify/functions/hello.js',
      "const words = require('words')\nexports.handler = async () => ({ statusCode: 200, body: words })\n",
    )
    const desired = stage.desired()
    const answered = async () => {
      const [types] = await pass(desired)
      return [types, await stage.visit('/.netlify/functions/hello')]
    }
    expect(await answered()).toEqual(['deploy', '200 one'])
    expect(await answered()).toEqual(['', '200 one'])
    await stage.write('node_modules/words/list.js', 'module.exports = "two"')
    expect(await answered()).toEqual(['deploy', '200 two'])
    expect(await answered()).toEqual(['', '200 two'])
  }, 60_000)
})
