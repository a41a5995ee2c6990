import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { callVerb } from '../support/called.ts'
import { removeFolder } from '../support/pm2.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
})
afterEach(() => removeFolder(folder))

describe('a path that does not exist is a finding like any other', () => {
  test.each([
    { args: ['nope.yaml'], code: 'file-missing', file: 'nope.yaml' },
    { args: ['-f', 'some/where.yaml'], code: 'file-missing', file: 'some/where.yaml' },
    { args: ['-f', 'folder'], code: 'nothing-declared', file: 'folder' },
    { args: [], code: 'nothing-declared', file: 'manifests' },
  ])('check $args', async ({ args, code, file }) => {
    const told = await callVerb(folder, ['check', ...args])
    expect(told).toMatchObject({ status: 1, err: '' })
    expect(told.out).toContain(`${file}:1:1: error ${code}: `)
    expect(told.out).toContain('  help: ')
    const { status, out, err } = await callVerb(folder, ['check', ...args, '-o', 'json'])
    expect([status, err]).toEqual([1, ''])
    expect(JSON.parse(out)).toMatchObject({
      summary: { errors: 1, warnings: 0, resources: 0 },
      diagnostics: [{ severity: 'error', code, file, line: 1, column: 1, hint: expect.any(String) }],
    })
    expect(await readdir(folder)).toEqual([])
  })
})
