import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { connect } from 'node:net'
import { parseDuration } from '../../core/duration.ts'
import type { Resolved } from '../../core/secret.ts'
import type { ProcessSpec } from './spec.generated.ts'

export type HealthSpec = NonNullable<Resolved<ProcessSpec>['health']>

/** The answer of one look. */
export interface ProbeAnswer {
  readonly isPassed: boolean
  /** Why not; holds nothing that the process said but a number. */
  readonly message: string
}

/** Where an `exec` probe runs. */
export interface ProbePlace {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

const defaultTimeout = 2000
/** A health page is short; what is longer is not read to its end. */
const mostBytes = 65_536

/** Asks once. Never rejects but by the signal: not to be reached is an answer. */
export async function ask(health: HealthSpec, place: ProbePlace, signal: AbortSignal): Promise<ProbeAnswer> {
  const timeout = parseDuration(health.timeout ?? '') ?? defaultTimeout
  const limit = AbortSignal.timeout(timeout)
  const either = AbortSignal.any([signal, limit])
  try {
    if (health.http) return await askHttp(health.http, either)
    if (health.tcp) return await askTcp(health.tcp, either)
    if (health.exec) return await askCommand(health.exec.command, place, either)
    return { isPassed: false, message: 'no probe is declared' }
  } catch (error) {
    signal.throwIfAborted()
    if (limit.aborted) return { isPassed: false, message: `no answer within ${timeout}ms` }
    const { code } = error as NodeJS.ErrnoException
    return { isPassed: false, message: code ?? 'no answer' }
  }
}

/** One GET. A redirect is an answer like any other: it is compared, never followed. */
function askHttp(http: NonNullable<HealthSpec['http']>, signal: AbortSignal): Promise<ProbeAnswer> {
  const { host = '127.0.0.1', port, path = '/', status } = http
  return new Promise((resolve, reject) => {
    const call = request(
      { host, port, path, method: 'GET', agent: false, signal, headers: { connection: 'close' } },
      (response) => {
        const got = response.statusCode ?? 0
        const isPassed = status === undefined ? got >= 200 && got < 300 : got === status
        const expected = status === undefined ? '200 to 299' : String(status)
        const answer = {
          isPassed,
          message: isPassed ? `status ${got}` : `expected status ${expected}, got ${got}`,
        }
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > mostBytes) response.destroy()
        })
        response.on('error', reject)
        response.on('close', () => resolve(answer))
      },
    )
    call.on('error', reject)
    call.end()
  })
}

function askTcp(tcp: NonNullable<HealthSpec['tcp']>, signal: AbortSignal): Promise<ProbeAnswer> {
  const { host = '127.0.0.1', port } = tcp
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const onAbort = () => socket.destroy(new Error('aborted'))
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve({ isPassed: true, message: 'connected' })
    })
    socket.once('close', () => signal.removeEventListener('abort', onAbort))
  })
}

/** A group of its own, so that what the command itself started ends with it, or when its time is up. */
function askCommand(
  command: readonly string[],
  place: ProbePlace,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const [program = '', ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: place.cwd, env: place.env, stdio: 'ignore', detached: true })
    const onAbort = () => {
      endGroup(child.pid)
      reject(new Error('aborted'))
    }
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    child.once('error', reject)
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', onAbort)
      endGroup(child.pid)
      const isPassed = code === 0
      const how = code === null ? `ended by ${killedBy}` : `exit code ${code}`
      resolve({ isPassed, message: how })
    })
  })
}

/** What there is to end, and may be: a program that became another user (`sudo`) ends by itself. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
