import { isAlive } from '../../clients/host/process-identity.ts'
import type { Pm2Client } from '../../clients/pm2/client.ts'
import { homeLock } from '../../clients/pm2/home-lock.ts'
import { findLost, namedDaemon } from '../../clients/pm2/lost.ts'
import { findOrphans, type Orphan, terminateOrphan } from '../../clients/pm2/orphans.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { findReturning, type Returning } from '../../clients/pm2/returning.ts'
import { findStrays } from '../../clients/pm2/strays.ts'
import type { Duration } from '../../core/duration.ts'
import type { ConnectContext } from '../../core/reconciler.ts'
import { toldMark } from './mark.ts'

/** PM2's own `kill_timeout`. */
const killTimeout: Duration = 1600

/** How often is looked whether PM2 has brought something back. */
const pollInterval: Duration = 200

type Release = { release(): Promise<void> }

/** Whether it was started with the mark of this store. */
export function isMarked({ name, reconciledAs }: Orphan, { store }: Pick<ConnectContext, 'store'>): boolean {
  return reconciledAs === toldMark(store.id, name)
}

/** The daemon of a PM2_HOME: that it runs when something is to be started, that we alone act, and what it left. */
export class DaemonKeeper {
  readonly #context: ConnectContext
  readonly #home: string
  readonly #pm2: Pick<Pm2Client, 'home' | 'list' | 'keepsAside'>
  #claim: Promise<Release> | undefined
  #starting: Promise<void> | undefined
  /** What was found on the machine while this daemon lived. */
  #looked: { readonly daemon: number; readonly strays: readonly Orphan[] } | undefined

  /** The pid of the daemon that has brought back all that it ever will. */
  #complete: number | undefined

  constructor(context: ConnectContext, pm2: Pick<Pm2Client, 'home' | 'list' | 'keepsAside'>) {
    this.#context = context
    this.#home = pm2.home
    this.#pm2 = pm2
  }

  /** Takes the home for this fleet, until `close`; rejects with `HomeLocked` where another one acts. */
  async holdWriter(): Promise<void> {
    this.#claim ??= homeLock(this.#home).acquire(this.#context.fleet.name)
    try {
      await this.#claim
    } catch (error) {
      this.#claim = undefined
      throw error
    }
  }

  /** Starts a daemon where none runs; once, however many ask. */
  async ensureDaemon(signal: AbortSignal): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    await this.#starting
    signal.throwIfAborted()
  }

  /** What a killed daemon left behind of these names, beside what PM2 lists; nothing is changed. */
  async leftBehind(
    names: readonly string[],
    listed: readonly Pm2Record[],
    signal: AbortSignal,
  ): Promise<readonly Orphan[]> {
    if (names.length === 0) return []
    const known = new Set(listed.map((record) => record.pid).filter((pid) => pid !== undefined))
    const taken = new Set(listed.map(({ raw }) => raw.pm_pid_path).filter((path) => typeof path === 'string'))
    const orphans = await findOrphans({ home: this.#home, names, known, taken, signal })
    const strays = this.#strays().filter(
      ({ name, identity }) =>
        names.includes(name) &&
        !known.has(identity.pid) &&
        !orphans.some((orphan) => orphan.identity.pid === identity.pid),
    )
    const alive = await Promise.all(strays.map((stray) => isAlive(stray.identity)))
    return [...orphans, ...strays.filter((_, index) => alive[index])]
  }

  /** What PM2 may be about to bring back, beside what it lists; nothing is changed. */
  async returning(listed: readonly Pm2Record[]): Promise<Returning | undefined> {
    const daemon = namedDaemon(this.#home)
    if (daemon !== undefined && daemon === this.#complete) return undefined
    const returning = await findReturning(this.#home, listed, this.#context.clock.now())
    this.#complete = returning ? undefined : daemon
    return returning
  }

  /** Waits until PM2 has brought back what it had saved of a name, or that is not to be expected any more; lists then. */
  async whenReturned(name: string, signal: AbortSignal): Promise<readonly Pm2Record[]> {
    for (;;) {
      const listed = await this.#pm2.list(signal)
      const saved = (await this.returning(listed))?.saved.get(name) ?? 0
      if (listed.filter((record) => record.name === name).length >= saved) return listed
      await this.#context.clock.sleep(pollInterval, signal)
    }
  }

  /** What the daemon that lives has started and lost, of whatever name; nothing is changed. */
  async lost(listed: readonly Pm2Record[], signal: AbortSignal): Promise<readonly Orphan[]> {
    return await findLost({ pm2: this.#pm2, listed, signal })
  }

  /**
   * Ends what PM2 does not know of a name, so that there are never two copies. `listed`: a list that was asked for after
   * the last change of ours; undefined: no daemon answered. `onlyMarked`: only what was started with a mark of ours.
   */
  async endUnknown(
    name: string,
    {
      listed,
      onlyMarked = false,
      signal,
    }: {
      readonly listed: readonly Pm2Record[] | undefined
      readonly onlyMarked?: boolean
      readonly signal: AbortSignal
    },
  ): Promise<void> {
    const left = await this.leftBehind([name], listed ?? [], signal)
    const lost = listed ? (await this.lost(listed, signal)).filter((orphan) => orphan.name === name) : []
    for (const orphan of [...left, ...lost]) {
      if (onlyMarked && !isMarked(orphan, this.#context)) continue
      this.#context.logger.warn({ name, pid: orphan.identity.pid }, 'ending what PM2 does not know')
      await terminateOrphan(orphan, { killTimeout, clock: this.#context.clock, signal })
    }
  }

  /**
   * Strays are older than the daemon that lives, so that it takes one look at the machine for each daemon; where another
   * one lives beside it, or none can be seen, what it leaves behind is still to come.
   */
  #strays(): readonly Orphan[] {
    const daemon = namedDaemon(this.#home)
    if (daemon !== undefined && this.#looked?.daemon === daemon) return this.#looked.strays
    const { orphans, daemons } = findStrays(this.#home)
    const isAlone = daemon !== undefined && daemons.length === 1 && daemons[0] === daemon
    this.#looked = isAlone ? { daemon, strays: orphans } : undefined
    return orphans
  }

  async close(): Promise<void> {
    const claim = await this.#claim?.catch(() => undefined)
    this.#claim = undefined
    await claim?.release()
  }

  async #start(): Promise<void> {
    const { ensureDaemon } = await import('../../clients/pm2/daemon/ensure.ts')
    const { env, clock, random, logger } = this.#context
    const daemon = await ensureDaemon({ home: this.#home, env, clock, random })
    if (daemon.started) logger.info({ home: this.#home, version: daemon.version }, 'started a PM2 daemon')
  }
}
