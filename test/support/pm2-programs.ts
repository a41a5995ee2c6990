import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { NewProcess } from '../../src/clients/pm2/process-config.ts'
import { eventually, plainEnv, type TestDaemon } from './pm2.ts'

/** What a child saw of itself. */
export interface Sighting {
  readonly pid: number
  readonly argv: readonly string[]
  readonly execArgv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

const witness = `
import { renameSync, writeFileSync } from 'node:fs'
import { isWorker } from 'node:cluster'
const { argv, execArgv, env, pid } = process
const file = process.env.SIGHTING + '-' + (process.env.NODE_APP_INSTANCE ?? 'x')
writeFileSync(file + '.new', JSON.stringify({ pid, argv, execArgv, env, cwd: process.cwd(), isWorker }))
renameSync(file + '.new', file)
console.log('witness ' + pid)
setInterval(() => {}, 1000)
`

function pathOf(daemon: TestDaemon, name: string): string {
  return join(daemon.folder, name.replaceAll('/', '_'))
}

/** A process that writes down what it sees of itself, and then waits. */
export async function witnessProcess(
  daemon: TestDaemon,
  name: string,
  changes: Partial<NewProcess> = {},
): Promise<NewProcess> {
  const execPath = `${pathOf(daemon, name)}.mjs`
  await writeFile(execPath, witness)
  return {
    name,
    execPath,
    cwd: daemon.folder,
    interpreter: 'node',
    mode: 'fork',
    instances: 1,
    ...changes,
    env: { ...plainEnv, SIGHTING: `${pathOf(daemon, name)}.seen`, ...changes.env },
  }
}

/** What the witness of this name saw last, once that satisfies `isExpected`. */
export async function seenBy(
  daemon: TestDaemon,
  name: string,
  isExpected: (sighting: Sighting) => boolean = () => true,
  instance = 0,
): Promise<Sighting> {
  const path = `${pathOf(daemon, name)}.seen-${instance}`
  return await eventually(`${name} saw what was expected`, async () => {
    try {
      const sighting: Sighting = JSON.parse(await readFile(path, 'utf8'))
      return isExpected(sighting) && sighting
    } catch {
      return undefined
    }
  })
}

/** A port of loopback that nobody has at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
