import { constants } from 'node:os'
import { resolve } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { isErrorOf, ReconcileError } from '../../core/errors.ts'
import { systemClock } from '../host/clock.ts'
import { listenAllowance, pm2Defaults, startAllowance, stopAllowance } from './allowance.ts'
import { idsOf } from './answered-ids.ts'
import { subscribe } from './bus.ts'
import { type Call, Caller } from './caller.ts'
import { checkChange, checkNewProcess } from './check-config.ts'
import type { Pm2Client, Pm2Options, Pm2Target } from './client.ts'
import { encodeChange, encodeNewProcess, encodeRegistration } from './encode-config.ts'
import { FreshList } from './fresh-list.ts'
import { type HomePaths, homePaths } from './home-paths.ts'
import { parseRecord } from './parse-record.ts'
import { printable } from './printable.ts'
import type { ConfigChange, NewProcess } from './process-config.ts'
import { ProcessQueue } from './process-queue.ts'
import type { Pm2Record } from './process-record.ts'
import { checkTarget, makeLogFolders } from './target-folders.ts'

/** How long an answer may take beyond what PM2 itself waits for. */
const defaultCallTimeout: Duration = 5000

/** How long the next action on a process waits for one whose answer was lost: PM2 may still be at it. */
const lostActionHold: Duration = 30_000

/** Statuses in which PM2 stops a process by itself when it is told to restart it. */
const restartable: ReadonlySet<string> = new Set(['online', 'launching'])

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

class Pm2 implements Pm2Client {
  readonly #paths: HomePaths
  readonly #clock: Clock
  readonly #timeout: Duration
  readonly #caller: Caller
  readonly #queue = new ProcessQueue()
  readonly #fresh: FreshList
  readonly #subscriptions = new Set<() => void>()

  constructor(options: Pm2Options) {
    this.#paths = homePaths(resolve(options.home))
    this.#clock = options.clock ?? systemClock
    this.#timeout = options.callTimeout ?? defaultCallTimeout
    this.#caller = new Caller(this.#paths.rpcSocket, this.#clock, this.#timeout)
    this.#fresh = new FreshList(() => this.#read(undefined))
  }

  get home(): string {
    return this.#paths.home
  }

  async list(signal?: AbortSignal): Promise<readonly Pm2Record[]> {
    return await this.#fresh.get(signal)
  }

  async keepsAside(pmId: number, signal?: AbortSignal): Promise<boolean> {
    // Of what it keeps aside the daemon says nothing, but it tells whether there is something to signal: signal 0 is none.
    const call = { method: 'sendSignalToProcessId', args: [{ process_id: `_old_${pmId}`, signal: 0 }] }
    const purpose = `ask PM2 whether a reload of process ${pmId} is under way`
    try {
      await this.#caller.read({ ...call, purpose, signal })
      return true
    } catch (error) {
      if (!isErrorOf(error, 'DaemonCallFailed')) throw error
      return !error.message.endsWith(`_old_${pmId} id unknown`)
    }
  }

  async version(signal?: AbortSignal): Promise<string> {
    return await this.#caller.version(signal)
  }

  async prepare(process: NewProcess, signal?: AbortSignal): Promise<readonly number[]> {
    checkNewProcess(process)
    return await this.#queue.run(`name ${process.name}`, signal, async (hold) => {
      await checkTarget(process, process.name)
      const fields = encodeNewProcess(this.#paths, process)
      await makeLogFolders([fields.pm_out_log_path, fields.pm_err_log_path, fields.pm_pid_path])
      if (process.registerOnly) return await this.#register(process, signal, hold)
      const ready = process.waitReady ? (process.listenTimeout ?? pm2Defaults.listenTimeout) : 0
      return idsOf(
        await this.#caller.change({
          method: 'prepare',
          args: [fields],
          purpose: `start ${printable(process.name, 80)}`,
          timeout: this.#timeout + process.instances * (startAllowance + ready),
          signal,
          onLost: (answer) => hold(this.#lateAnswer(answer)),
        }),
      )
    })
  }

  async restart(target: Pm2Target, change: ConfigChange, signal?: AbortSignal): Promise<void> {
    const apply = () => this.#apply(target, change, { signal, isReload: false })
    try {
      await apply()
    } catch (error) {
      // What crashes may end by itself between the list and PM2's turn, and PM2 refuses to start what still has the pid
      // of its end. That is no failure of the restart: what it is now is looked at anew, once.
      if (!isErrorOf(error, 'DaemonCallFailed') || signal?.aborted) throw error
      await apply()
    }
  }

  async reload(target: Pm2Target, change: ConfigChange, signal?: AbortSignal): Promise<void> {
    await this.#apply(target, change, { signal, isReload: true })
  }

  async stop(target: Pm2Target, signal?: AbortSignal): Promise<void> {
    await this.#act(target, signal, async (record, call) => {
      if (!record) throw this.#notFound(target)
      await this.#disarm(record, call)
      await this.#stopRecord(record, call)
    })
  }

  async delete(target: Pm2Target, signal?: AbortSignal): Promise<void> {
    await this.#act(target, signal, async (record, call) => {
      if (!record) return
      await this.#disarm(record, call)
      this.#refuseStranger(record)
      await call({
        method: 'deleteProcessId',
        args: [record.pmId],
        purpose: `delete ${this.#label(record)}`,
        extra: stopAllowance(record),
      })
    })
  }

  async sendSignal(target: Pm2Target, name: NodeJS.Signals, signal?: AbortSignal): Promise<void> {
    if (!(name in constants.signals)) {
      throw new ReconcileError('InvalidCall', `Expected a signal, got ${printable(String(name), 40)}`)
    }
    await this.#act(target, signal, async (record, call) => {
      if (!record) throw this.#notFound(target)
      // The pid of a stopped process is 0 to the daemon: it would signal itself and its whole group.
      if (record.status !== 'online' || record.pid === undefined) {
        const message = `Could not send ${name} to ${this.#label(record)}: it is ${record.status}`
        throw new ReconcileError('DaemonCallFailed', message)
      }
      const args = [{ process_id: record.pmId, signal: name }]
      const purpose = `send ${name} to ${this.#label(record)}`
      await call({ method: 'sendSignalToProcessId', args, purpose, extra: 0 })
    })
  }

  bus(...[onEvent, onEnd, options]: Parameters<Pm2Client['bus']>): () => void {
    const end = subscribe(
      {
        path: this.#paths.busSocket,
        clock: this.#clock,
        timeout: this.#timeout,
        logs: options?.logs ?? false,
      },
      onEvent,
      () => {
        this.#subscriptions.delete(end)
        onEnd()
      },
    )
    this.#subscriptions.add(end)
    return () => {
      this.#subscriptions.delete(end)
      end()
    }
  }

  async close(): Promise<void> {
    for (const end of this.#subscriptions) end()
    this.#subscriptions.clear()
    this.#caller.close()
  }

  async #read(signal: AbortSignal | undefined): Promise<readonly Pm2Record[]> {
    const purpose = 'list the processes of PM2'
    const [entries] = await this.#caller.read({ method: 'getMonitorData', args: [{}], purpose, signal })
    if (!Array.isArray(entries)) {
      throw new ReconcileError('DaemonCallFailed', `Could not ${purpose}: it answered without a list`)
    }
    return entries
      .map((entry: unknown) => parseRecord(entry))
      .filter((record) => record !== undefined)
      .sort((a, b) => a.pmId - b.pmId)
  }

  /** Lets it be known to PM2, one process after the other, each with the next free number. */
  async #register(
    process: NewProcess,
    signal: AbortSignal | undefined,
    hold: (until: Promise<unknown>) => void,
  ): Promise<readonly number[]> {
    const taken = new Set(
      (await this.#fresh.get(signal))
        .filter(({ name }) => name === process.name)
        .map(({ instance }) => instance),
    )
    const ids: number[] = []
    for (let instance = 0; ids.length < process.instances; instance += 1) {
      if (taken.has(instance)) continue
      const fields = encodeRegistration(this.#paths, process, { instance, now: this.#clock.now() })
      const [id] = idsOf(
        await this.#caller.change({
          method: 'prepare',
          args: [fields],
          purpose: `register ${printable(process.name, 80)}`,
          timeout: this.#timeout,
          signal,
          onLost: (answer) => hold(this.#lateAnswer(answer)),
        }),
      )
      if (id === undefined) {
        const message = `Could not register ${printable(process.name, 80)}: PM2 gave it no id`
        throw new ReconcileError('DaemonCallFailed', message)
      }
      ids.push(id)
    }
    return ids
  }

  async #apply(
    target: Pm2Target,
    change: ConfigChange,
    how: { readonly signal: AbortSignal | undefined; readonly isReload: boolean },
  ): Promise<void> {
    checkChange(target.name, change)
    await this.#act(target, how.signal, async (record, call) => {
      if (!record) throw this.#notFound(target)
      await checkTarget(change.set ?? {}, target.name)
      const fields = encodeChange(this.#paths, record, change)
      await makeLogFolders([fields.pm_out_log_path, fields.pm_err_log_path])
      const args = [{ id: record.pmId, env: { current_conf: fields } }]
      const set = change.set ?? {}
      const extra = stopAllowance(record, set) + startAllowance + listenAllowance(record, set)
      if (how.isReload && this.#canReload(record, change)) {
        const purpose = `reload ${this.#label(record)}`
        const twice = extra + listenAllowance(record, set)
        await call({ method: 'reloadProcessId', args, purpose, extra: twice })
        return
      }
      // PM2 refuses to start what still has a pid, be it the pid of a process that ended.
      if (!restartable.has(record.status) && record.pid !== undefined) await this.#stopRecord(record, call)
      await call({ method: 'restartProcessId', args, purpose: `restart ${this.#label(record)}`, extra })
    })
  }

  /** A reload leaves the cron as it is, and in another mode the new process would wait for the old one's port. */
  #canReload(record: Pm2Record, change: ConfigChange): boolean {
    const changesCron = change.set?.cronRestart !== undefined || (change.unset ?? []).includes('cronRestart')
    const staysCluster = record.mode === 'cluster' && (change.set?.mode ?? 'cluster') === 'cluster'
    return staysCluster && record.status === 'online' && !changesCron
  }

  async #stopRecord(record: Pm2Record, call: Act): Promise<void> {
    this.#refuseStranger(record)
    const purpose = `stop ${this.#label(record)}`
    await call({ method: 'stopProcessId', args: [record.pmId], purpose, extra: stopAllowance(record) })
  }

  /** A watcher outlives its process: it would start it, or others of its name, when a file changes. */
  async #disarm(record: Pm2Record, call: Act): Promise<void> {
    if (record.watch === false) return
    const purpose = `end the watcher of ${this.#label(record)}`
    await call({ method: 'stopWatch', args: ['stopProcessId', record.pmId], purpose, extra: 0 })
  }

  /** While it waits to start a process again, PM2 keeps the old pid, and would kill whoever has it now. */
  #refuseStranger(record: Pm2Record): void {
    if (!record.isWaitingForRestart || record.pid === undefined || !isRunning(record.pid)) return
    throw new ReconcileError(
      'DaemonCallFailed',
      `Could not stop ${this.#label(record)}: it waits for its restart, and PM2 would kill process ${record.pid}, which is another one now`,
      { hint: 'It is tried again when PM2 has restarted it.' },
    )
  }

  /** Queued with the other actions on this process, with its record from a list that began after its turn came. */
  async #act(
    target: Pm2Target,
    signal: AbortSignal | undefined,
    action: (record: Pm2Record | undefined, call: Act) => Promise<void>,
  ): Promise<void> {
    await this.#queue.run(`id ${target.pmId}`, signal, async (hold) => {
      const records = await this.#fresh.get(signal)
      const record = records.find(({ pmId, name }) => pmId === target.pmId && name === target.name)
      await action(record, async ({ extra, ...call }) => {
        const timeout = this.#timeout + extra
        await this.#caller.change({
          ...call,
          timeout,
          signal,
          onLost: (answer) => hold(this.#lateAnswer(answer)),
        })
      })
    })
  }

  /** Settles when the daemon has answered after all, or when it is not worth to wait any more. */
  async #lateAnswer(answer: Promise<unknown>): Promise<void> {
    const cancel = new AbortController()
    const answered = answer.then(
      () => undefined,
      () => undefined,
    )
    await Promise.race([answered, this.#clock.sleep(lostActionHold, cancel.signal)])
    cancel.abort()
  }

  #label(record: Pm2Record): string {
    return `${printable(record.name, 80)} (pm_id ${record.pmId})`
  }

  #notFound(target: Pm2Target): ReconcileError {
    const message = `Could not find process ${printable(target.name, 80)} (pm_id ${target.pmId}) in PM2`
    return new ReconcileError('NotFound', message)
  }
}

/** Makes one call as part of an action; `extra` is what PM2 itself may wait for in it. */
type Act = (call: Pick<Call, 'method' | 'args' | 'purpose'> & { readonly extra: Duration }) => Promise<void>

/** Opens a line to the daemon of a home. Touches nothing until it is asked for something. */
export function openPm2(options: Pm2Options): Pm2Client {
  return new Pm2(options)
}
