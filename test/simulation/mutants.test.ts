import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutants } from './mutants.ts'

const root = join(import.meta.dirname, '../..')

test.each(mutants)('the place of "$name" is found exactly once', ({ patches }) => {
  for (const { file, find, replace } of patches) {
    expect(readFileSync(join(root, file), 'utf8').split(find).length - 1, `${find} in ${file}`).toBe(1)
    expect(replace).not.toBe(find)
  }
})

test('no two mutants have the same name', () => {
  const names = mutants.map(({ name }) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
