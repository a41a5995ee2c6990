import { createRequire } from 'node:module'

/** What `pm2` uses itself to ask its daemon; the packages bring no types. */
interface Line {
  set(option: 'retry timeout', milliseconds: number): void
  connect(path: string): void
  once(event: 'error' | 'close', listener: () => void): void
  close(): void
}

const fromPm2 = createRequire(createRequire(import.meta.url).resolve('pm2/package.json'))
const axon = fromPm2('pm2-axon') as { socket(type: 'req'): Line }
const rpc = fromPm2('pm2-axon-rpc') as {
  Client: new (
    line: Line,
  ) => { call(method: string, options: object, answer: (error: unknown, list: unknown) => void): void }
}

export interface Pm2Entry {
  readonly name: string
  readonly pid: number
  readonly pm_id: number
  readonly pm2_env: Readonly<Record<string, unknown>> & {
    readonly status: string
    readonly restart_time: number
  }
}

/** Milliseconds after which a daemon that says nothing counts as hung. */
const limit = 150_000

/**
 * What `pm2 jlist` prints, asked as that command asks: tests look so often that starting it for each look took more time than
 * what they look at. Empty where no daemon is, or where it ends meanwhile; none is started, as the command would do.
 */
export function pm2List(rpcSocket: string): Promise<readonly Pm2Entry[]> {
  return new Promise((resolve, reject) => {
    const line = axon.socket('req')
    line.set('retry timeout', 0)
    const finish = (end: () => void) => {
      clearTimeout(timer)
      line.close()
      end()
    }
    const timer = setTimeout(() => finish(() => reject(new Error(`Hung: the daemon at ${rpcSocket}`))), limit)
    for (const event of ['error', 'close'] as const) line.once(event, () => finish(() => resolve([])))
    line.connect(rpcSocket)
    new rpc.Client(line).call('getMonitorData', {}, (error, list) =>
      finish(() => (error ? reject(error) : resolve(list as readonly Pm2Entry[]))),
    )
  })
}
