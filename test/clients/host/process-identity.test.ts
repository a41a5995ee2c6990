import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { describeProcess, isAlive, processIdentity } from '../../../src/clients/host/process-identity.ts'
import { eventually } from '../../support/pm2.ts'

describe('the identity of a process', () => {
  test('is the same each time it is read, and is alive', async () => {
    const identity = await processIdentity(process.pid)
    expect(identity).toEqual(await processIdentity(process.pid))
    if (!identity) throw new Error('We live')
    expect(await isAlive(identity)).toBe(true)
    expect(await isAlive({ ...identity, startTime: `${identity.startTime}0` })).toBe(false)
    expect(await isAlive({ ...identity, bootId: 'x' })).toBe(false)
  })

  test('tells the start of a child, its parent and that it leads a group', async () => {
    const before = Date.now()
    const child = spawn('sleep', ['60'], { detached: true })
    try {
      const found = await describeProcess(child.pid ?? 0)
      expect(found).toMatchObject({ parent: process.pid, group: child.pid })
      expect(Math.abs((found?.startedAt ?? 0) - before)).toBeLessThan(5000)
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('is gone with the process, also while nobody collected it', async () => {
    // The shell stops itself after its child has ended, and so never collects it.
    const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; kill -STOP $$'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const pid = await new Promise<number>((resolve) =>
        shell.stdout.once('data', (text) => resolve(Number(text))),
      )
      await eventually('the child of the shell ends', async () => (await processIdentity(pid)) === undefined)
    } finally {
      shell.kill('SIGKILL')
    }
  })

  test.each([0, -1, 1.5, Number.NaN, 2 ** 22 + 1])('of %d is none', async (pid) => {
    expect(await processIdentity(pid)).toBeUndefined()
  })
})
