import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { listFunctions } from '@netlify/zip-it-and-ship-it'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { listDirectory } from '../../../src/reconcilers/function-set/directory.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'functions-'))
})

afterEach(() => rm(directory, { recursive: true, force: true }))

it('names the file that Netlify’s bundler runs, of several that it might in one folder', async () => {
  const extensions = ['.js', '.cjs', '.mjs', '.tsx', '.ts', '.cts', '.mts']
  const mains = (name: string) =>
    [name, 'index'].flatMap((stem) => extensions.map((extension) => `${stem}${extension}`))
  for (let first = 0; first < 14; first += 1) {
    for (let second = first; second < 14; second += 1) {
      const name = `fn-${first}-${second}`
      await mkdir(join(directory, name))
      for (const index of [first, second]) await writeFile(join(directory, name, `${mains(name)[index]}`), '')
    }
  }
  const theirs = (await listFunctions(directory)).map(({ mainFile }) => relative(directory, mainFile))
  const { functions } = await listDirectory(directory, { include: undefined, exclude: undefined })
  expect(functions.map(({ file }) => file)).toEqual(theirs.sort())
  expect(theirs).toHaveLength(105)
})
