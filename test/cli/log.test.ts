import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Invocation } from '../../src/cli/invocation.ts'
import { openLog } from '../../src/cli/log.ts'
import type { CommonOptions } from '../../src/cli/options.ts'
import { invoke } from '../support/invoke.ts'

/** What the log of a call says of one entry. */
async function logged(isTerminal: boolean, options: Partial<CommonOptions> = {}): Promise<string> {
  let text = ''
  const err = { write: (piece: string) => (text += piece), isTerminal, columns: 80 }
  const call = { err, out: err, env: {} } as unknown as Invocation
  const common = { output: 'text', color: true, verbose: false, quiet: false, ...options } as CommonOptions
  openLog(call, common, 'info').warn({ id: 'Process/api', attempts: 2 }, 'action did not succeed')
  await new Promise((resolve) => setImmediate(resolve))
  return text
}

describe('the log', () => {
  test('is one object a line in a pipe', async () => {
    const { time, ...entry } = JSON.parse(await logged(false))
    expect(entry).toEqual({ level: 'warn', id: 'Process/api', attempts: 2, msg: 'action did not succeed' })
    expect(new Date(time).toISOString()).toBe(time)
  })

  test('is one object a line on a terminal, where JSON was asked for', async () => {
    expect(JSON.parse(await logged(true, { output: 'json' }))).toMatchObject({ id: 'Process/api' })
  })

  test('is a line for people on a terminal, in colours where they are wanted', async () => {
    const plain = await logged(true, { color: false })
    expect(plain).toMatch(
      /^\[\d\d:\d\d:\d\d\] WARN: action did not succeed \{"id":"Process\/api","attempts":2\}\n$/,
    )
    expect(await logged(true)).toContain('\u001B[')
  })

  test('says errors alone where it is to be quiet', async () => {
    expect(await logged(false, { quiet: true })).toBe('')
  })
})

describe('the progress of a pass', () => {
  let folder = ''
  afterEach(() => rm(folder, { recursive: true, force: true }))

  test('stands on a terminal, on one line that is gone at the end, and nowhere else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'progress-'))
    await mkdir(join(folder, 'manifests'))
    await writeFile(join(folder, 'package.json'), '{"scripts":{"build":"old"}}')
    const manifest = `apiVersion: reconcile.dev/v1
kind: ScriptSet
metadata: { name: site }
spec:
  package: ../package.json
  scripts: { build: "true" }
`
    await writeFile(join(folder, 'manifests/site.yaml'), manifest)
    const shown = await invoke([], { cwd: folder, isTerminal: true, columns: 60 })
    expect(shown.status).toBe(0)
    expect(shown.err).toContain('\r\u001B[2KScriptSet/site: ')
    expect(shown.err.endsWith('\r\u001B[2K')).toBe(true)
    expect(shown.err).not.toContain('\n')
    for (const line of shown.err.split('\r\u001B[2K')) expect(line.length).toBeLessThan(60)
    await writeFile(join(folder, 'package.json'), '{"scripts":{"build":"old"}}')
    expect((await invoke([], { cwd: folder })).err).toBe('')
    await writeFile(join(folder, 'package.json'), '{"scripts":{"build":"old"}}')
    expect((await invoke(['-q'], { cwd: folder, isTerminal: true })).err).toBe('')
  })
})
