import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import type { BusEvent } from './bus-event.ts'
import { openSocket } from './connection.ts'
import { startDeadline } from './deadline.ts'
import { decodeArgument, FrameReader } from './frame.ts'

interface Source {
  /** Of pub.sock. */
  readonly path: string
  readonly clock: Clock
  readonly timeout: Duration
  /** Whether to read what processes print: a talkative one costs time otherwise. */
  readonly logs: boolean
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function processOf(
  payload: Fields,
): { readonly pmId: number; readonly name: string; readonly fields: Fields } | undefined {
  const fields = payload.process
  if (!isFields(fields)) return undefined
  const pmId = Number(fields.pm_id)
  // A worker that a reload replaces is called `_old_3` until it has ended.
  return Number.isInteger(pmId) ? { pmId, name: String(fields.name ?? ''), fields } : undefined
}

function parseEvent(topic: string, payload: unknown): BusEvent | undefined {
  if (topic === 'pm2:kill') return { type: 'kill' }
  if (!isFields(payload)) return undefined
  const about = processOf(payload)
  if (!about) return undefined
  const { pmId, name, fields } = about
  if (topic === 'process:event') {
    const status = typeof fields.status === 'string' ? fields.status : undefined
    return { type: 'process', event: String(payload.event), pmId, name, status }
  }
  const stream = topic === 'log:out' ? 'out' : 'err'
  return { type: 'log', stream, pmId, name, at: Number(payload.at) || 0, text: String(payload.data ?? '') }
}

/** Listens to the daemon's bus. `onEnd` is called once, when it is gone or was not there; never after the stop. */
export function subscribe(source: Source, onEvent: (event: BusEvent) => void, onEnd: () => void): () => void {
  const wanted = new Set(['process:event', 'pm2:kill', ...(source.logs ? ['log:out', 'log:err'] : [])])
  const stop = new AbortController()
  const reader = new FrameReader()
  let socket: Socket | undefined
  let hasEnded = false

  const end = (): void => {
    if (hasEnded) return
    hasEnded = true
    socket?.destroy()
    if (!stop.signal.aborted) onEnd()
  }
  const read = (piece: Buffer): readonly BusEvent[] => {
    const events: BusEvent[] = []
    for (const [topic, payload] of reader.push(piece)) {
      const name = topic && decodeArgument(topic)
      if (typeof name !== 'string' || !wanted.has(name)) continue
      const event = parseEvent(name, payload && decodeArgument(payload))
      if (event) events.push(event)
    }
    return events
  }
  const receive = (piece: Buffer): void => {
    let events: readonly BusEvent[]
    try {
      events = read(piece)
    } catch {
      // After what is no frame there is no way to find the next one.
      end()
      return
    }
    for (const event of events) if (!hasEnded) onEvent(event)
  }
  const listen = async (): Promise<void> => {
    const deadline = startDeadline(source.clock, source.timeout, stop.signal)
    try {
      socket = await openSocket(source.path, deadline.signal)
    } finally {
      deadline.end()
    }
    if (hasEnded) socket.destroy()
    socket.on('error', end)
    socket.on('end', end)
    socket.on('close', end)
    socket.on('data', receive)
  }

  listen().catch(end)
  return () => {
    stop.abort()
    end()
  }
}
