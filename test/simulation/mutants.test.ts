import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
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

test('the command that tries them makes a copy that can be simulated in, and catches one there', async () => {
  const command = join(root, 'test/simulation/mutants-main.ts')
  const only = ['--only', 'a queue that is closed keeps its worker', '--seeds', '100', '--workers', '1']
  const { stdout } = await promisify(execFile)(process.execPath, [command, ...only])
  expect(stdout).toMatch(/^caught .* a-stop-ends, seed 1 safety\n1 of 1 mutants caught/)
})
