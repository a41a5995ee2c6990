import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimHolder, tryClaim } from '../../../src/clients/host/claim.ts'
import { processIdentity } from '../../../src/clients/host/process-identity.ts'
import { makeFolder, removeFolder } from '../../support/pm2.ts'

const module = fileURLToPath(new URL('../../../src/clients/host/claim.ts', import.meta.url))

/** Tries once, says how it went, and lives on until its input ends. */
const contender = `
import { tryClaim } from ${JSON.stringify(module)}
process.stdin.on('end', () => process.exit()).resume()
process.stdin.once('data', async () => {
  const result = await tryClaim(process.argv[1], 'contender')
  console.log(result.type)
})
console.log('here')
`

let folder: string
let children: ChildProcess[]

beforeEach(async () => {
  folder = await makeFolder()
  children = []
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await removeFolder(folder)
})

function startContender(): { readonly child: ChildProcess; next(): Promise<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', contender, join(folder, 'lock')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, next: async () => String((await lines.next()).value) }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => child.once('exit', resolve))
  }
}

describe('a claim', () => {
  test('goes to exactly one of eight processes that ask at once', async () => {
    const contenders = Array.from({ length: 8 }, startContender)
    for (const { next } of contenders) expect(await next()).toBe('here')
    for (const { child } of contenders) child.stdin?.write('go\n')
    const results = await Promise.all(contenders.map(({ next }) => next()))
    expect(results.filter((type) => type === 'claimed')).toHaveLength(1)
    expect(results.filter((type) => type === 'taken')).toHaveLength(7)
  })

  test('of a killed holder goes to exactly one of those that wait for it', async () => {
    const first = startContender()
    expect(await first.next()).toBe('here')
    first.child.stdin?.write('go\n')
    expect(await first.next()).toBe('claimed')
    const contenders = Array.from({ length: 6 }, startContender)
    for (const { next } of contenders) expect(await next()).toBe('here')
    first.child.kill('SIGKILL')
    await ended(first.child)
    for (const { child } of contenders) child.stdin?.write('go\n')
    const results = await Promise.all(contenders.map(({ next }) => next()))
    expect(results.filter((type) => type === 'claimed')).toHaveLength(1)
  })

  test('is refused to a second asker in the same program, and names the holder', async () => {
    const lock = join(folder, 'lock')
    const first = await tryClaim(lock, 'fleet a')
    expect(first.type).toBe('claimed')
    const second = await tryClaim(lock, 'fleet b')
    expect(second).toMatchObject({ type: 'taken', holder: { pid: process.pid, purpose: 'fleet a' } })
    expect(await claimHolder(lock)).toMatchObject({ pid: process.pid, purpose: 'fleet a' })
  })

  test('is free after its release, and a late second release takes nothing from the next holder', async () => {
    const lock = join(folder, 'lock')
    const first = await tryClaim(lock, 'a')
    if (first.type !== 'claimed') throw new Error('It was free')
    await first.claim.release()
    expect(await claimHolder(lock)).toBeUndefined()
    const second = await tryClaim(lock, 'b')
    expect(second.type).toBe('claimed')
    await first.claim.release()
    expect(await claimHolder(lock)).toMatchObject({ purpose: 'b' })
  })

  test.each([
    ['of an earlier boot', { bootId: 'another boot' }],
    ['of a process whose pid another one has now', { startTime: '1' }],
    ['of a pid that nobody has', { pid: 2 ** 22 + 1 }],
  ])('%s is nobody’s', async (_, change) => {
    const lock = join(folder, 'lock')
    await mkdir(lock)
    const identity = await processIdentity(process.pid)
    await writeFile(join(lock, '7'), JSON.stringify({ ...identity, purpose: 'gone', ...change }))
    expect(await claimHolder(lock)).toBeUndefined()
    expect((await tryClaim(lock, 'me')).type).toBe('claimed')
    expect(await readdir(lock)).toEqual(['8'])
  })

  test.each(['', '{', 'null', '[]', '{"pid":"x"}'])(
    'with the damaged content %j is nobody’s',
    async (text) => {
      const lock = join(folder, 'lock')
      await mkdir(lock)
      await writeFile(join(lock, '1'), text)
      expect((await tryClaim(lock, 'me')).type).toBe('claimed')
    },
  )

  test('leaves one small file, however often it changes hands', async () => {
    const lock = join(folder, 'lock')
    for (let round = 0; round < 5; round += 1) {
      const result = await tryClaim(lock, 'me')
      if (result.type === 'claimed') await result.claim.release()
    }
    expect(await readdir(lock)).toEqual(['5'])
  })

  test('is looked at without a trace', async () => {
    expect(await claimHolder(join(folder, 'lock'))).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
  })
})
