import { setMaxListeners } from 'node:events'
import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { Pm2Client } from '../../clients/pm2/client.ts'
import { openPm2 } from '../../clients/pm2/open.ts'
import type { Orphan } from '../../clients/pm2/orphans.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Returning } from '../../clients/pm2/returning.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import type {
  ConnectContext,
  Connection,
  LogLine,
  LogOptions,
  Marked,
  Observation,
  Reading,
} from '../../core/reconciler.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { ProcessAction } from './action.ts'
import { applyProcessAction } from './actions/apply.ts'
import { baseEnvironment } from './base-env.ts'
import { DaemonKeeper, isMarked } from './daemon-keeper.ts'
import { DaemonReader, type DaemonReading, listedBy, nameOf, type WantedProcess } from './daemon-reader.ts'
import { Deafness } from './deafness.ts'
import { DiskView } from './disk-view.ts'
import { findScript } from './facts.ts'
import { pm2HomeOf } from './home.ts'
import { JobEndings } from './job-endings.ts'
import { readLastWords } from './last-words.ts'
import { liveSecrets } from './live-secrets.ts'
import { rotatedAmong } from './log-rotation.ts'
import { logPlacesOf } from './logs/log-place.ts'
import { readLogs } from './logs/read-logs.ts'
import { readMark } from './mark.ts'
import type { ObservedProcess } from './observed.ts'
import { type DesiredProcess, folderOf, pm2NameOf } from './place.ts'
import { Prober } from './prober.ts'
import { Settling } from './settling.ts'
import { SourceHasher } from './sources.ts'
import type { ProcessSpec } from './spec.generated.ts'
import { spelledAsFound } from './spelling.ts'
import { findWatchIgnore } from './watch-ignore.ts'
import { Watcher } from './watcher.ts'

/** One PM2_HOME as the engine sees it. Reading makes no file and starts no daemon; the first action may. */
class ProcessConnection implements Connection<ProcessSpec, ObservedProcess, ProcessAction> {
  readonly #context: ConnectContext
  readonly #home: string
  readonly #base: ReturnType<typeof baseEnvironment>
  readonly #pm2: Pm2Client
  readonly #keeper: DaemonKeeper
  readonly #reader: DaemonReader
  readonly #prober: Prober
  readonly #hasher = new SourceHasher()
  readonly #endings: JobEndings
  readonly #deafness: Deafness
  readonly #settling = new Settling()
  readonly #watchers = new Set<Watcher>()
  /** What was declared when it was asked for last: whom an event of the daemon is about. */
  #wanted: ReadonlyMap<string, ResourceId> = new Map()
  #rotated: readonly DesiredProcess[] = []

  constructor(context: ConnectContext) {
    this.#context = context
    this.#home = pm2HomeOf(context.fleet.pm2.home, context.env)
    this.#base = baseEnvironment(context.env)
    this.#pm2 = openPm2({ home: this.#home, clock: context.clock })
    this.#keeper = new DaemonKeeper(context, this.#pm2)
    this.#reader = new DaemonReader(this.#pm2, this.#keeper, context.clock)
    this.#endings = new JobEndings(this.#home)
    this.#deafness = new Deafness(this.#home, context.clock)
    this.#prober = new Prober({
      clock: context.clock,
      base: this.#base,
      mayRunCommands: context.mayRunCommands,
    })
  }

  async observe(
    wanted: readonly WantedProcess[],
    signal: AbortSignal,
  ): Promise<Observation<ObservedProcess>> {
    // Every probe and file of a large fleet listens to the one signal of the pass.
    setMaxListeners(0, signal)
    this.#remember(wanted)
    const daemon = await this.#reader.read(signal)
    const observedAt = this.#context.clock.now()
    const [leftBehind, returning] = await Promise.all([
      this.#reader.readLeftBehind(wanted, daemon, signal),
      this.#reader.readReturning(wanted, daemon),
    ])
    const machine = {
      disk: new DiskView(),
      processors: availableParallelism(),
      settling: this.#settling.see(listedBy(daemon), this.#context.clock.monotonic()),
    }
    const readings = await Promise.all(
      wanted.map(async (one): Promise<readonly [ResourceId, Reading<ObservedProcess>]> => {
        if (daemon instanceof ReconcileError) {
          const { code, message } = daemon
          return [one.id, { type: 'unreadable', code, message, isDomainWide: true }]
        }
        return [one.id, await this.#readOne(one, { ...daemon, ...machine, leftBehind, returning }, signal)]
      }),
    )
    const marked = daemon instanceof ReconcileError ? undefined : await this.#findMarked(daemon)
    return { observedAt, readings: new Map(readings), ...(marked && { marked }) }
  }

  async anticipate(): Promise<void> {
    await this.#reader.anticipate()
  }

  async apply(action: ProcessAction, signal: AbortSignal): Promise<void> {
    // What was asked before it does not count after it.
    this.#reader.forget()
    await this.#keeper.holdWriter()
    await applyProcessAction(action, {
      pm2: this.#pm2,
      keeper: this.#keeper,
      base: this.#base,
      home: this.#home,
      processors: availableParallelism(),
      storePath: this.#context.store.location,
      clock: this.#context.clock,
      mask: this.#context.mask,
      deafness: this.#deafness,
      signal,
    })
  }

  retain(ids: ReadonlySet<ResourceId>): void {
    this.#wanted = new Map([...this.#wanted].filter(([, id]) => ids.has(id)))
    this.#rotated = this.#rotated.filter(({ id }) => ids.has(id))
    this.#prober.retain(ids)
  }

  watch(wake: (id: ResourceId) => void): () => void {
    const watcher = new Watcher({
      clock: this.#context.clock,
      logger: this.#context.logger,
      pm2: this.#pm2,
      prober: this.#prober,
      wanted: () => this.#wanted,
      rotated: () => this.#rotated,
      wake,
    })
    this.#watchers.add(watcher)
    watcher.start()
    return () => {
      this.#watchers.delete(watcher)
      watcher.stop()
    }
  }

  /** From the files that PM2 writes; a daemon is asked where they are and not needed. */
  logs(desired: DesiredProcess, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    const findPlaces = async () => {
      const name = pm2NameOf(desired)
      // Whoever looks for the reason why there is no daemon needs the logs, too.
      const listed = await this.#pm2.list(signal).catch(() => [])
      const records = listed.filter((record) => record.name === name)
      this.#context.mask?.hold(`logs of ${desired.id}`, liveSecrets(records, desired))
      return logPlacesOf(desired, records, this.#home)
    }
    return readLogs(findPlaces, { ...options, clock: this.#context.clock, signal })
  }

  async close(): Promise<void> {
    for (const watcher of this.#watchers) watcher.stop()
    this.#watchers.clear()
    this.#prober.close()
    await this.#keeper.close()
    await this.#pm2.close()
  }

  #remember(wanted: readonly WantedProcess[]): void {
    // A pass over a part of the fleet must not make us deaf for the rest.
    const asked = new Set(wanted.map((one) => one.id))
    const names = new Map([...this.#wanted].filter(([, id]) => !asked.has(id)))
    for (const { id, desired } of wanted) {
      if (desired) names.set(pm2NameOf(desired), id)
      // Its process may run on, held or kept, and nobody wants to know any more how it is.
      else this.#prober.forget(id)
    }
    this.#wanted = names
    this.#rotated = [...this.#rotated.filter((desired) => !asked.has(desired.id)), ...rotatedAmong(wanted)]
  }

  async #readOne(
    wanted: WantedProcess,
    daemon: DaemonReading & {
      readonly leftBehind: readonly Orphan[]
      readonly returning: Returning | undefined
      readonly disk: DiskView
      readonly processors: number
      readonly settling: ObservedProcess['settling']
    },
    signal: AbortSignal,
  ): Promise<Reading<ObservedProcess>> {
    const { desired } = wanted
    const listed = daemon.byName.get(nameOf(wanted)) ?? []
    try {
      const records = await spelledAsFound(listed, desired, daemon.disk)
      this.#context.mask?.hold(`processes of ${wanted.id}`, liveSecrets(records, desired, wanted.owned))
      const [sourcesHash, startability, livingStores, watchIgnore, probe, endings, deaf, lastWords] =
        await Promise.all([
          desired?.spec.sources
            ? this.#hasher.hash(folderOf(desired), desired.spec.sources, signal)
            : undefined,
          desired ? findScript(desired, this.#base.PATH, daemon.disk) : undefined,
          this.#livingStores(records),
          desired ? findWatchIgnore(desired, this.#context.store.location) : undefined,
          desired ? this.#prober.look(desired, records, signal) : undefined,
          this.#endings.look(records),
          desired ? this.#deafness.look(desired, records) : new Set<number>(),
          readLastWords(records, desired, this.#context.mask),
        ])
      // What is declared may be nothing but one; beside what somebody else started it need not be ours.
      const isOurs = desired !== undefined && (records.length === 0 || wanted.owned !== undefined)
      const leftBehind = daemon.leftBehind.filter(
        (orphan) => orphan.name === nameOf(wanted) && (isOurs || isMarked(orphan, this.#context)),
      )
      const value: ObservedProcess = Object.freeze({
        records,
        daemonVersion: daemon.version,
        home: this.#home,
        base: this.#base,
        processors: daemon.processors,
        livePids: records
          .map((record) => record.pid)
          .filter((pid) => pid !== undefined)
          .filter(isAlive),
        livingStores,
        watchIgnore,
        leftBehind: leftBehind.map(({ identity }) => identity.pid),
        returningUntil:
          records.length < (daemon.returning?.saved.get(nameOf(wanted)) ?? 0)
            ? daemon.returning?.until
            : undefined,
        missing: startability?.missing,
        goneFolders: records.flatMap(({ cwd }) =>
          cwd !== undefined && daemon.disk.isGone(cwd) ? [cwd] : [],
        ),
        sourcesHash,
        settling: daemon.settling,
        endings,
        deaf,
        lastWords,
        probe,
      } satisfies ObservedProcess)
      // What is declared is started where PM2 does not list it; what is not must go, listed or not.
      const isPresent = records.length > 0 || (!desired && leftBehind.length > 0)
      return { type: isPresent ? 'present' : 'absent', value }
    } catch (error) {
      signal.throwIfAborted()
      const code = error instanceof ReconcileError ? error.code : 'Internal'
      return { type: 'unreadable', code, message: messageOf(error) }
    }
  }

  /** All that bears a mark, whoever's it is. */
  async #findMarked({ byName }: DaemonReading): Promise<readonly Marked[]> {
    const records = [...byName.values()].flat()
    const living = await this.#livingStores(records)
    return records.flatMap((record) => {
      const mark = readMark(record.reconciled)
      return mark ? [{ externalName: record.name, mark, isMarkAlive: living.includes(mark.storePath) }] : []
    })
  }

  /** Our own place does not count: a mark of another store that lay there is of one that was lost. */
  async #livingStores(records: readonly Pm2Record[]): Promise<readonly string[]> {
    const { id, location } = this.#context.store
    const paths = new Set<string>()
    for (const record of records) {
      const mark = readMark(record.reconciled)
      if (mark && mark.store !== id && mark.storePath !== '' && mark.storePath !== location) {
        paths.add(mark.storePath)
      }
    }
    const living: string[] = []
    for (const path of paths) {
      if (await stat(path).catch(() => undefined)) living.push(path)
    }
    return living
  }
}

/** Whether a pid is somebody's, be it another user's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Opens the domain on the PM2_HOME of the fleet; touches nothing yet. */
export async function connectProcesses(
  context: ConnectContext,
): Promise<Connection<ProcessSpec, ObservedProcess, ProcessAction>> {
  return new ProcessConnection(context)
}
