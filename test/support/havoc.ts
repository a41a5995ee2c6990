import { execFileSync } from 'node:child_process'
import { open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/clients/host/clock.ts'
import { systemRandom } from '../../src/clients/host/random.ts'
import type { Pm2Client } from '../../src/clients/pm2/client.ts'
import { openPm2 } from '../../src/clients/pm2/open.ts'
import { isErrorOf } from '../../src/core/errors.ts'
import type { Intent } from '../../src/core/intent.ts'
import type { Store, StoreEntry } from '../../src/core/store.ts'
import type { Holder } from '../../src/state/holder.ts'
import type { SettledIntent } from '../../src/state/journal.ts'
import { openLeaseKeeper } from '../../src/state/lease.ts'
import { openLedger } from '../../src/state/ledger.ts'
import { openSqliteStore } from '../../src/state/sqlite.ts'
import { type Background, eventually, lives, TestFleet } from './fleet.ts'
import { processManifest } from './manifest.ts'
import type { Pm2Entry } from './pm2-list.ts'
import { SeededRandom } from './seeded-random.ts'

const idle = 'setInterval(() => undefined, 1000)\n'
/** Not Node: a killed PM2 daemon leaves it behind, where Node programs end with their channel. */
const sleeper = 'exec sleep 1000000\n'

/** Corrections at once and without end, so that many blows in a minute are not taken for a rival or a broken program. */
const patience = 'recovery: { maxAttempts: 1000, backoff: { initial: 100ms, max: 1s }, stableFor: 1s }'

/** How long PM2 needs at most to end the old process of a reload: `listen_timeout`, and `kill_timeout` twice. */
const reloadTimeout = 3000 + 2 * 1600 + 1000

/** How often the worst is done; 100 is what was promised, less is for trying something out. */
export const rounds = Number(process.env.CHAOS_ROUNDS ?? 100)

/** What a blow is drawn from: `CHAOS_SEED` repeats a run's blows, though not how the machine falls in with them. */
export const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))

type Shape = 'sleeper' | 'node' | 'cluster'

interface Declared {
  readonly shape: Shape
  readonly level: number
}

/** A living process of the machine that says of itself, by its environment, that it belongs to the fleet under test. */
export interface Resident {
  readonly pid: number
  readonly name: string
}

/**
 * A fleet that is mistreated, with strangers in the same PM2 that nobody may touch, and the means to judge the world
 * afterwards by what the machine itself says.
 */
export class Havoc {
  readonly fleet: TestFleet
  readonly random: SeededRandom
  /** What the manifests say, by name. */
  readonly declared = new Map<string, Declared>()
  /** PM2 as somebody uses it by hand. */
  readonly pm2: Pm2Client
  #unmount: (() => void) | undefined
  #strangers: unknown
  #strangerPids: readonly number[] = []

  private constructor(fleet: TestFleet, random: SeededRandom) {
    this.fleet = fleet
    this.random = random
    this.pm2 = openPm2({ home: fleet.pm2Home })
  }

  /** @param salt so that the tests of one run do not all draw the same blows */
  static async create(salt: number): Promise<Havoc> {
    const fleet = await TestFleet.create({
      'services/idle.mjs': idle,
      'services/sleeper.sh': sleeper,
      'manifests/fleet.yaml':
        'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: havoc }\nspec: { deletions: { max: 100, percent: 100 } }\n',
    })
    return new Havoc(fleet, new SeededRandom(seed + salt))
  }

  async declare(name: string, shape: Shape = 'sleeper', level = 0): Promise<void> {
    this.declared.set(name, { shape, level })
    await this.fleet.write(`manifests/${name}.yaml`, this.manifest(name, shape, level))
  }

  /** The text is broken wherever it is cut: what it needs most stands last. */
  manifest(name: string, shape: Shape, level: number): string {
    const env = `env: { HAVOC: "${this.fleet.folder}", HAVOC_NAME: ${name}, LEVEL: "${level}" }`
    const script = { sleeper: 'sleeper.sh', node: 'idle.mjs', cluster: 'idle.mjs' }[shape]
    const runs = shape === 'cluster' ? 'instances: 2\nmode: cluster\n' : ''
    const interpreter = shape === 'sleeper' ? 'interpreter: bash\n' : ''
    return processManifest(
      name,
      // Not in the manifests' own folder, which may be away.
      `minUptime: 100ms\ncwd: ..\n${patience}\n${runs}${interpreter}${env}\nscript: ../services/${script}`,
    )
  }

  async undeclare(name: string): Promise<void> {
    this.declared.delete(name)
    await rm(this.fleet.path(`manifests/${name}.yaml`))
  }

  /** Processes of somebody else in the same PM2. */
  async inviteStrangers(): Promise<void> {
    for (const [name, script] of [
      ['stranger-node', 'services/idle.mjs'],
      ['stranger-shell', 'services/sleeper.sh'],
    ] as const) {
      const env = { HAVOC: this.fleet.folder, HAVOC_NAME: name }
      expect((await this.fleet.pm2(['start', script, '--name', name], { env })).status).toBe(0)
    }
    this.#strangers = lives(await this.#listedStrangers())
    this.#strangerPids = (await this.#listedStrangers()).map(({ pid }) => pid)
  }

  async #listedStrangers() {
    return (await this.#listed()).filter(({ name }) => name.startsWith('stranger-'))
  }

  /** One thing that a person, a colleague or a bad day does to the manifests or to PM2. */
  async strike(): Promise<void> {
    const names = [...this.declared.keys()]
    const name = this.random.pick(names) ?? 'p0'
    const blow = this.random.pick([
      'edit',
      'edit all',
      'delete',
      'delete',
      'kill',
      'appear',
      'vanish',
    ] as const)
    const known = this.declared.get(name)
    if (blow === 'edit' && known) await this.declare(name, known.shape, known.level + 1)
    if (blow === 'edit all') await this.editAll()
    if (blow === 'delete') await this.deleteByHand(name)
    if (blow === 'kill') await this.#killOne(name)
    if (blow === 'appear') await this.declare(`x${this.random.between(0, 3)}`)
    const guests = names.filter((candidate) => candidate.startsWith('x'))
    const guest = this.random.pick(guests)
    if (blow === 'vanish' && guest !== undefined) await this.undeclare(guest)
  }

  /** Changes what one program is declared to be: whoever acts must restart it. */
  async editOne(): Promise<void> {
    const name = this.random.pick([...this.declared.keys()]) ?? 'p0'
    const known = this.declared.get(name)
    if (known) await this.declare(name, known.shape, known.level + 1)
  }

  async editAll(): Promise<void> {
    for (const [name, { shape, level }] of [...this.declared]) await this.declare(name, shape, level + 1)
  }

  /** As `pm2 delete NAME` does it, faster. Where there is no daemon there is nothing to delete. */
  async deleteByHand(name: string): Promise<void> {
    const records = await this.pm2.list().catch(() => [])
    for (const record of records.filter((one) => one.name === name)) {
      await this.pm2.delete({ pmId: record.pmId, name }).catch(() => undefined)
    }
  }

  async #killOne(name: string): Promise<void> {
    const victim = (await this.residents()).find((resident) => resident.name === name)
    if (victim) killHard(victim.pid)
  }

  daemonPid(): Promise<number> {
    return this.fleet.read('p/pm2.pid').then(Number)
  }

  async killDaemon(): Promise<void> {
    const pid = await this.daemonPid().catch(() => 0)
    if (pid > 1) killHard(pid)
  }

  /** More copies of a name than were declared, which may never be, whatever was killed when. */
  async doubled(): Promise<readonly string[]> {
    const all = await this.residents()
    return [...Map.groupBy(all, ({ name }) => name)]
      .filter(([name, copies]) => copies.length > this.#wanted(name))
      .map(([name, copies]) => `${name}: ${copies.map(({ pid }) => pid).join(', ')}`)
  }

  /** What the daemon did last and lists now: what became of an order nobody but it can tell. */
  async lastWordsOfDaemon(): Promise<string> {
    const log = await this.fleet.read('p/pm2.log').catch(() => '')
    const listed = await this.#listed().catch(() => [])
    const list = listed.map(({ name, pid, pm_id, pm2_env }) => `${pm_id} ${name} ${pid} ${pm2_env.status}`)
    return ['the daemon says:', ...log.trim().split('\n').slice(-80), 'and lists:', ...list].join('\n')
  }

  #wanted(name: string): number {
    return this.declared.get(name)?.shape === 'cluster' ? 2 : 1
  }

  residents(): Promise<readonly Resident[]> {
    return residents(this.fleet)
  }

  async openIntents(): Promise<readonly Intent[]> {
    return this.#inStore(async (store) => (await this.#ledger(store).load()).openIntents)
  }

  /**
   * Resolves as soon as the program has written down that it is going to act: a kill from here on falls between an
   * intent and its outcome. At the latest when it has ended, or when it has found nothing to do for seconds.
   */
  async untilActs(program: Background, known: ReadonlySet<string>): Promise<void> {
    let hasEnded = false
    void program.ended.then(() => {
      hasEnded = true
    })
    const path = this.fleet.path('.reconcile/state.db')
    const store = await openSqliteStore({ path, mode: 'read', clock: systemClock, random: systemRandom })
    const end = performance.now() + 10_000
    try {
      while (!hasEnded && performance.now() < end) {
        const open = await store.list({ collection: 'intent-open' })
        if (open.some(({ value }) => !known.has((value as { intentId: string }).intentId))) return
        await pause(3)
      }
    } finally {
      await store.close()
    }
  }

  /** Intents without an outcome, by id. */
  async openIntentIds(): Promise<ReadonlySet<string>> {
    return new Set((await this.openIntents()).map(({ intentId }) => intentId))
  }

  /** Whether the last kill fell between an intent and its outcome. */
  async hasNewOpenIntent(known: ReadonlySet<string>): Promise<boolean> {
    return (await this.openIntents()).some(({ intentId }) => !known.has(intentId))
  }

  /** The newest intents with what became of them. */
  outcomes(): Promise<readonly SettledIntent[]> {
    return this.#inStore((store) => this.#ledger(store).outcomes(1000))
  }

  /** Who has the lease by the record. */
  holder(): Promise<Holder | undefined> {
    return this.#inStore(async (store) => (await keeperOf(store).look())?.holder)
  }

  /** Resolves when the program has the lease, at the latest when it has ended. */
  async untilHolds(program: Background): Promise<void> {
    let hasEnded = false
    void program.ended.then(() => {
      hasEnded = true
    })
    while (!hasEnded && (await this.holder())?.pid !== program.pid) await pause(10)
  }

  /**
   * Stops a program between two of its commits. In the middle of one it would hold the file's lock until it goes on,
   * and everybody else would be told `StoreBusy`.
   */
  async freeze(program: Background): Promise<void> {
    const path = this.fleet.path('.reconcile/state.db')
    for (;;) {
      program.signal('SIGSTOP')
      await pause(20)
      if (isLockFree(path)) return
      program.signal('SIGCONT')
      await pause(20)
    }
  }

  /** Passes that somebody asked for and that have no answer. */
  requests(): Promise<readonly StoreEntry[]> {
    return this.#inStore((store) => store.list({ collection: 'pass-request' }))
  }

  /** Takes the lease in the name of a controller on another machine, of which nothing is heard ever after. */
  async holdLeaseFromElsewhere(): Promise<void> {
    await this.#inStore(async (store) => {
      const holder: Holder = {
        pid: 4711,
        startTime: '1',
        bootId: 'another',
        host: 'elsewhere',
        role: 'controller',
        since: 0,
      }
      await keeperOf(store).acquire({ holder })
    }, 'write')
  }

  #ledger(store: Store) {
    return openLedger({
      store,
      fleet: this.fleet.path('manifests'),
      environment: undefined,
      clock: systemClock,
    })
  }

  async #inStore<T>(use: (store: Store) => Promise<T>, mode: 'read' | 'write' = 'read'): Promise<T> {
    const path = this.fleet.path('.reconcile/state.db')
    const store = await openSqliteStore({ path, mode, clock: systemClock, random: systemRandom })
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  }

  /** A pass that ends well. */
  async expectPass(args: readonly string[] = []): Promise<void> {
    const run = await this.fleet.reconcile(args)
    expect(run.status, run.out + run.err).toBe(0)
  }

  /** One more pass, and then all must be as declared: each process once, nothing beside them, nothing left to do. */
  async expectConverged(): Promise<void> {
    await this.expectPass()
    await this.expectWorldAsDeclared({ byCommand: true })
    expect(await this.openIntents()).toEqual([])
    const plan = await this.fleet.reconcile(['plan', '--detailed-exitcode'])
    expect(plan.status, plan.out).toBe(0)
    expect(plan.out).toContain(`${this.declared.size} unchanged`)
    const health = await this.fleet.reconcile(['health', '-o', 'json'])
    expect(JSON.parse(health.out)).toMatchObject({ health: { score: 100 } })
  }

  /** `byCommand`: what the user's own `pm2 jlist` says, instead of the same asked for on its socket, in a tenth of the time. */
  async expectWorldAsDeclared({ byCommand = false } = {}): Promise<void> {
    const listed = byCommand ? await this.fleet.processes() : await this.#listed()
    const ours = listed.filter(({ name }) => !name.startsWith('stranger-'))
    const wanted = [...this.declared.keys()].flatMap((name) =>
      Array.from({ length: this.#wanted(name) }, () => `${name} online`),
    )
    expect(ours.map(({ name, pm2_env }) => `${name} ${pm2_env.status}`).sort()).toEqual(wanted.sort())
    for (const { name, pm2_env } of ours) {
      const level = String(this.declared.get(name)?.level)
      expect((pm2_env.env as Record<string, string> | undefined)?.LEVEL ?? pm2_env.LEVEL, name).toBe(level)
    }
    // The machine's own list of processes: what PM2 does not list lives neither. But the old one of a reload, which PM2
    // keeps for `listen_timeout` (3 s), whatever becomes of the new one and of who asked for it.
    const told = (all: readonly Resident[]) => all.map(({ name, pid }) => `${name} ${pid}`).sort()
    await eventually(async () => {
      const living = (await this.residents()).filter(({ name }) => !name.startsWith('stranger-'))
      expect(told(living)).toEqual(told(ours))
    }, reloadTimeout)
    await this.expectStrangersUntouched()
  }

  async expectStrangersUntouched(): Promise<void> {
    if (this.#strangers === undefined) return
    expect(lives(await this.#listedStrangers())).toEqual(this.#strangers)
  }

  /** What the daemon says; nothing where there is none. */
  async #listed(): Promise<readonly Pm2Entry[]> {
    const records = await this.pm2.list().catch((error: unknown) => {
      if (isErrorOf(error, 'DaemonNotRunning')) return []
      throw error
    })
    return records.map(({ name, pid, pmId, raw }) => ({
      name,
      pid: pid ?? 0,
      pm_id: pmId,
      pm2_env: raw as Pm2Entry['pm2_env'],
    }))
  }

  /** After the death of their daemon: what outlived it then lives on. */
  async strangersAlive(): Promise<readonly number[]> {
    const alive = new Set((await this.residents()).map(({ pid }) => pid))
    return this.#strangerPids.filter((pid) => alive.has(pid))
  }

  pause(least: number, most: number): Promise<void> {
    return pause(this.random.between(least, most))
  }

  /** A small disk of its own for the state. False where this machine does not let us mount one. */
  async giveSmallDisk(): Promise<boolean> {
    const folder = this.fleet.path('.reconcile')
    await this.fleet.write('.reconcile/.keep', '')
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      return false
    }
    this.#unmount = () => execFileSync('umount', [folder])
    return true
  }

  /** Takes every free byte of the small disk. */
  async fillDisk(): Promise<void> {
    const filler = await open(this.fleet.path('.reconcile/filler'), 'a')
    try {
      for (const size of [65_536, 4096, 512]) {
        try {
          for (;;) await filler.write(Buffer.alloc(size, 1))
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENOSPC' })
        }
      }
    } finally {
      await filler.close()
    }
  }

  async emptyDisk(): Promise<void> {
    await rm(this.fleet.path('.reconcile/filler'))
  }

  async destroy(): Promise<void> {
    await this.pm2.close()
    await this.fleet.stopAll()
    // A mount that is in use cannot go.
    this.#unmount?.()
    await this.fleet.destroy()
    for (const { pid } of await this.residents()) killHard(pid)
  }
}

/** A test with a fleet to mistreat, gone after it. Blows are drawn from the seed and the test's own name. */
export const it = test.extend<{ readonly havoc: Havoc }>({
  havoc: async ({ task, onTestFailed }, use) => {
    // At once: a run goes on for minutes before its summary.
    onTestFailed(() =>
      tell(`"${task.name}" failed: ${task.result?.errors?.[0]?.message ?? 'no reason given'}`),
    )
    const havoc = await Havoc.create([...task.name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0))
    await use(havoc)
    if (task.result?.errors?.length) tell(await havoc.lastWordsOfDaemon())
    await havoc.destroy()
  },
})

function keeperOf(store: Store) {
  return openLeaseKeeper({ store, clock: systemClock, isAlive: () => 'unknown' })
}

/** Living processes that the fleet's manifests, or its strangers, gave their names; those of other folders do not count. */
async function residents(fleet: TestFleet): Promise<readonly Resident[]> {
  const found: Resident[] = []
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    const name = await nameIn(pid, fleet.folder)
    if (name !== undefined) found.push({ pid, name })
  }
  return found
}

async function nameIn(pid: number, folder: string): Promise<string | undefined> {
  try {
    const environment = await readFile(join('/proc', String(pid), 'environ'), 'utf8')
    if (!new RegExp(`HAVOC"?[=:]"?${folder}["\\0]`).test(environment)) return undefined
    const commandLine = await readFile(join('/proc', String(pid), 'cmdline'), 'utf8')
    // The daemon or the command that a stranger was started with; a zombie has no command line.
    if (commandLine === '' || /^PM2 |bin\/pm2/.test(commandLine)) return undefined
    return /HAVOC_NAME"?[=:]"?([\w-]+)/.exec(environment)?.[1]
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

function isLockFree(path: string): boolean {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
    return true
  } catch {
    return false
  } finally {
    database.close()
  }
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** What a person who reads the log of a run wants to know of it. */
export function tell(text: string): void {
  process.stderr.write(`chaos: ${text}\n`)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
