import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ManifestFile } from '../../src/manifests/manifest-file.ts'
import { ParsedFiles } from '../../src/manifests/parsed-files.ts'
import { codesOf, makeFolder, processOf, put, read } from './support.ts'

const first = processOf('a')
/** As long as it, and written within the same tick of the file system's clock for all that anybody knows. */
const second = processOf('c')

async function twoFiles() {
  const folder = await makeFolder({ 'manifests/a.yaml': first, 'manifests/b.yaml': processOf('b') })
  const parsed = new ParsedFiles<ManifestFile>()
  const readAgain = () => read(folder, { parsed })
  return { folder, parsed, readAgain }
}

test('what is read again says what it said, and is not parsed again', async () => {
  const { folder, parsed, readAgain } = await twoFiles()
  const before = await readAgain()
  const file = parsed.find(join(folder, 'manifests/a.yaml'), first)
  expect(file?.documents).toHaveLength(1)
  const after = await readAgain()
  expect(after.resources).toEqual(before.resources)
  expect(after.diagnostics).toEqual(before.diagnostics)
  expect(parsed.find(join(folder, 'manifests/a.yaml'), first)).toBe(file)
})

test('another text counts at once, though it is as long as the one before', async () => {
  const { folder, readAgain } = await twoFiles()
  await readAgain()
  expect(second).toHaveLength(first.length)
  await put(join(folder, 'manifests/a.yaml'), second)
  expect((await readAgain()).resources.map(({ id }) => id)).toEqual(['Process/b', 'Process/c'])
})

test('what was removed is neither declared nor kept', async () => {
  const { folder, parsed, readAgain } = await twoFiles()
  await readAgain()
  await rm(join(folder, 'manifests/a.yaml'))
  expect((await readAgain()).resources.map(({ id }) => id)).toEqual(['Process/b'])
  expect(parsed.find(join(folder, 'manifests/a.yaml'), first)).toBeUndefined()
})

test('a fault is told at every reading until it is mended', async () => {
  const { folder, readAgain } = await twoFiles()
  await put(join(folder, 'manifests/a.yaml'), first.replace('script', 'scrpt'))
  const before = await readAgain()
  expect(codesOf(before)).not.toEqual([])
  expect((await readAgain()).diagnostics).toEqual(before.diagnostics)
  await put(join(folder, 'manifests/a.yaml'), first)
  expect(codesOf(await readAgain())).toEqual([])
})
