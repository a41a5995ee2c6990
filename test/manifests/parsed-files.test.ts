import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Secret } from '../../src/core/secret.ts'
import { SecretMask } from '../../src/core/secret-mask.ts'
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

test('what is the same text is the same resource, and one that refers to something is read anew', async () => {
  const { folder, readAgain } = await twoFiles()
  const refers = processOf('r', 'env: { PLACE: { fromFile: place.txt } }')
  await put(join(folder, 'manifests/r.yaml'), refers)
  await put(join(folder, 'manifests/place.txt'), 'here')
  const before = await readAgain()
  await put(join(folder, 'manifests/b.yaml'), processOf('b', 'args: [other]'))
  await put(join(folder, 'manifests/place.txt'), 'there')
  const after = await readAgain()
  const [a, b, r] = [0, 1, 2].map((index) => [before.resources[index], after.resources[index]])
  expect(a?.[1]).toBe(a?.[0])
  expect(b?.[1]?.spec).toMatchObject({ args: ['other'] })
  const placeOf = (resource: (typeof after.resources)[number] | undefined) =>
    (resource?.spec as { env: { PLACE: Secret } } | undefined)?.env.PLACE.reveal()
  expect(r?.map(placeOf)).toEqual(['here', 'there'])
})

test('what is wrong with a text that did not change is told, and masked, at every reading', async () => {
  const { folder, parsed } = await twoFiles()
  const secret = 'hunter2-correct-horse'
  await put(
    join(folder, 'manifests/a.yaml'),
    processOf('a', `env: { PASSWORD: ${secret} }`, 'recovery: { backoff: { initial: 1ms } }'),
  )
  for (const mask of [new SecretMask(), new SecretMask()]) {
    const codes = codesOf(await read(folder, { parsed, mask }))
    expect([...codes].sort()).toEqual(['duration-out-of-bounds', 'literal-secret'])
    expect(mask.mask(`it is ${secret}`)).not.toContain(secret)
  }
})
