import { describe, expect, test } from 'vitest'
import type { BusEvent } from '../../../src/clients/pm2/bus-event.ts'
import { eventually, pm2Versions, withDaemon } from '../../support/pm2.ts'
import { seenBy, witnessProcess } from '../../support/pm2-programs.ts'

describe.each(pm2Versions)('the bus of PM2 %i', (version) => {
  test('tells of starts and ends, and of output where it is wanted', async () => {
    await withDaemon(version, async (daemon) => {
      const events: BusEvent[] = []
      const quiet: BusEvent[] = []
      const stop = daemon.client.bus(
        (event) => events.push(event),
        () => undefined,
        { logs: true },
      )
      const stopQuiet = daemon.client.bus(
        (event) => quiet.push(event),
        () => undefined,
      )
      const process = await witnessProcess(daemon, 'told')
      const [pmId = -1] = await daemon.client.prepare(process)
      const { pid } = await seenBy(daemon, 'told')
      await eventually('its output is told', () =>
        events.some(
          (event) => event.type === 'log' && event.stream === 'out' && event.text === `witness ${pid}\n`,
        ),
      )
      expect(events).toContainEqual({
        type: 'process',
        event: 'online',
        pmId,
        name: 'told',
        status: 'launching',
      })
      await daemon.client.stop({ pmId, name: 'told' })
      await eventually('its end is told', () =>
        quiet.some((event) => event.type === 'process' && event.event === 'exit' && event.pmId === pmId),
      )
      expect(quiet.every(({ type }) => type === 'process')).toBe(true)
      stop()
      stopQuiet()
    })
  })

  test('ends once when the daemon is killed, and not at all after it was stopped', async () => {
    await withDaemon(version, async (daemon) => {
      const ends: string[] = []
      const events: BusEvent[] = []
      const stop = daemon.client.bus(
        (event) => events.push(event),
        () => ends.push('stopped one'),
      )
      daemon.client.bus(
        (event) => events.push(event),
        () => ends.push('listener'),
      )
      await daemon.client.prepare(await witnessProcess(daemon, 'any'))
      await eventually('both listen', () => events.length >= 2)
      stop()
      await daemon.crash()
      await eventually('the end is told', () => ends.length > 0)
      await expect(daemon.client.list()).rejects.toMatchObject({ code: 'DaemonNotRunning' })
      expect(ends).toEqual(['listener'])
    })
  })

  test('tells that the daemon is ended by hand', async () => {
    await withDaemon(version, async (daemon) => {
      const events: BusEvent[] = []
      const ended = Promise.withResolvers<void>()
      daemon.client.bus((event) => events.push(event), ended.resolve)
      await daemon.client.prepare(await witnessProcess(daemon, 'any'))
      await eventually('it listens', () => events.length > 0)
      await daemon.cli('kill')
      await ended.promise
      expect(events).toContainEqual({ type: 'kill' })
    })
  })
})
