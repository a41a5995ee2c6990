import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CountingSocket } from '../../support/counting-socket.ts'
import { eventually, withDaemon } from '../../support/pm2.ts'
import { Bench, declare } from './bench.ts'

/** As the engine starts processes of PM2. */
const atOnce = 12

interface Counted {
  readonly bench: Bench
  readonly socket: CountingSocket
  readonly all: readonly ReturnType<typeof declare>[]
}

/** A fleet of so many processes that do nothing, at a daemon that is listened to. */
async function withFleet(size: number, run: (fleet: Counted) => Promise<void>): Promise<void> {
  await withDaemon(7, async (daemon) => {
    const home = join(daemon.folder, 'h')
    await mkdir(home)
    await writeFile(join(daemon.folder, 'idle.cjs'), 'setInterval(() => undefined, 2 ** 30)\n')
    const socket = await CountingSocket.open(home, daemon.home)
    const bench = new Bench({ folder: daemon.folder, home })
    const all = Array.from({ length: size }, (_, index) =>
      declare(`p${index}`, { script: './idle.cjs' }, { folder: daemon.folder }),
    )
    try {
      await run({ bench, socket, all })
    } finally {
      await bench.close()
      socket.close()
    }
  })
}

async function read({ bench, all }: Counted) {
  const connection = await bench.connection()
  const wanted = all.map((desired) => ({ id: desired.id, desired, owned: undefined, unconfirmed: [] }))
  return (await connection.observe(wanted, AbortSignal.timeout(20_000))).readings
}

test.each([2, 30])('a reading of %i processes asks the daemon twice', async (size) => {
  await withFleet(size, async (fleet) => {
    await fleet.bench.connection()
    for (let reading = 0; reading < 2; reading += 1) {
      expect((await read(fleet)).size).toBe(size)
      expect(fleet.socket.take()).toEqual({ getMonitorData: 1, getVersion: 1 })
    }
  })
})

test('what is asked ahead serves one reading, and none after an action', async () => {
  await withFleet(2, async (fleet) => {
    const { bench, socket, all } = fleet
    const connection = await bench.connection()
    await connection.anticipate?.()
    await eventually('it is on its way without a reading', () => socket.heard().getMonitorData === 1)
    await read(fleet)
    expect(socket.take()).toEqual({ getMonitorData: 1, getVersion: 1 })
    await read(fleet)
    expect(socket.take()).toEqual({ getMonitorData: 1, getVersion: 1 })
    const [first] = all
    const [action] = first ? await bench.plan(first) : []
    if (!action) throw new Error('Expected something to do')
    await connection.anticipate?.()
    await bench.apply(action)
    expect([...(await read(fleet)).values()].map(({ type }) => type)).toEqual(['present', 'absent'])
  })
})

test('what was asked ahead and failed is told as by a reading', async () => {
  await withFleet(1, async (fleet) => {
    const connection = await fleet.bench.connection()
    fleet.socket.close()
    await connection.anticipate?.()
    const [reading] = (await read(fleet)).values()
    expect(reading).toMatchObject({ type: 'absent', value: { daemonVersion: undefined } })
  })
})

test('starts share their lists: those that begin together need one', async () => {
  await withFleet(3 * atOnce, async (fleet) => {
    const { bench, socket, all } = fleet
    const actions = (await Promise.all(all.map((desired) => bench.plan(desired)))).flat()
    expect(actions).toHaveLength(all.length)
    socket.take()
    for (let at = 0; at < actions.length; at += atOnce)
      await Promise.all(actions.slice(at, at + atOnce).map((action) => bench.apply(action)))
    const { getMonitorData = 0, prepare } = socket.take()
    expect(prepare).toBe(all.length)
    expect(getMonitorData).toBeLessThanOrEqual(Math.ceil(all.length / atOnce) + 1)
    for (const [, reading] of await read(fleet)) expect(reading.type).toBe('present')
  })
})
