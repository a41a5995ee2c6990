import { endGroup } from '../../../clients/host/process-group.ts'
import { type GroupResult, runGroup } from '../../../clients/host/run-group.ts'
import { checkEnvironment } from '../../../clients/npm/environment.ts'
import { findNpm } from '../../../clients/npm/npm-program.ts'
import type { ConnectContext } from '../../../core/reconciler.ts'
import type { CheckAction, EndCheckAction } from '../action.ts'
import type { SeenCheck } from '../observed.ts'
import { CheckLog } from './check-log.ts'
import { readRecord, recordPath, writeRecord } from './check-record.ts'
import { type BegunRun, type CheckRun, isVerdict } from './check-run.ts'
import { checksFolder } from './checks-folder.ts'
import { isUnderWay, RunningScripts, type ScriptOfPackage, underWay } from './running-scripts.ts'

/** Runs scripts to learn whether they work, and remembers how they ended. */
export class CheckRunner {
  readonly #context: ConnectContext
  readonly #running = new Set<Promise<void>>()
  readonly #scripts: RunningScripts

  constructor(context: ConnectContext) {
    this.#context = context
    this.#scripts = new RunningScripts(context.store.location)
  }

  /** What is known of a check; reads one file, and who runs the script. */
  async look(resource: string, one: ScriptOfPackage): Promise<SeenCheck> {
    const { begun, runs } = await readRecord(this.#path(resource, one.script))
    const last = runs.findLast(isVerdict)
    if (begun && (await isUnderWay(begun))) return { last, running: begun, other: undefined }
    const [other] = await this.#scripts.holders(one)
    return { last, running: undefined, other }
  }

  /** Runs a check to its end, unless that was done since it was decided. */
  run(action: CheckAction, signal: AbortSignal): Promise<void> {
    const work = this.#run(action, signal).finally(() => this.#running.delete(work))
    this.#running.add(work)
    return work
  }

  /** Ends a run that outlived who began it. What became of it is not known, so it says nothing. */
  async end({ resource, script, begun }: EndCheckAction): Promise<void> {
    const path = this.#path(resource, script)
    const record = await readRecord(path)
    if (record.begun?.pid !== begun.pid || record.begun.startedAt !== begun.startedAt) return
    if (await isUnderWay(begun)) await endGroup(begun.pid, this.#context.clock)
    const endedAt = this.#context.clock.now()
    await writeRecord(path, { begun: undefined, runs: [...record.runs, interrupted(begun, endedAt)] })
  }

  /** Resolves when nothing of ours runs any more; what is told to end takes as long as its grace. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  async #run({ resource, script, folder, limit, after }: CheckAction, signal: AbortSignal): Promise<void> {
    const { clock, env } = this.#context
    const path = this.#path(resource, script)
    const before = await readRecord(path)
    const last = before.runs.findLast(isVerdict)
    if (last && last.endedAt > after) return
    if (before.begun && (await isUnderWay(before.begun))) throw underWay(script, before.begun)
    const [other] = await this.#scripts.holders({ folder, script })
    if (other) throw underWay(script, other)
    const runs = before.begun
      ? [...before.runs, interrupted(before.begun, before.begun.startedAt)]
      : before.runs
    const environment = checkEnvironment(env)
    const npm = await findNpm(environment.PATH ?? '')
    const log = await CheckLog.begin(checksFolder(this.#context, resource), script, {
      now: () => clock.now(),
      mask: this.#context.mask,
    })
    const startedAt = clock.now()
    let leave: () => Promise<void> = async () => undefined
    try {
      const result = await runGroup({
        command: [npm, 'run', script],
        folder,
        env: environment,
        limit,
        clock,
        signal,
        onStarted: async (identity) => {
          leave = await this.#scripts.enter({ folder, script }, { ...identity, startedAt, by: 'check' })
          await writeRecord(path, { begun: { ...identity, startedAt, until: startedAt + limit }, runs })
        },
        onOutput: (stream, chunk) => log.take(stream, chunk),
      })
      const run = runFrom(result, startedAt, clock.now())
      await writeRecord(path, { begun: undefined, runs: [...runs, run] })
    } finally {
      await leave()
      await log.end()
    }
    signal.throwIfAborted()
  }

  #path(resource: string, script: string): string {
    return recordPath(checksFolder(this.#context, resource), script)
  }
}

function interrupted({ startedAt }: BegunRun, endedAt: number): CheckRun {
  return {
    startedAt,
    endedAt,
    duration: 0,
    end: 'interrupted',
    exitCode: undefined,
    signal: undefined,
    hasLeftBehind: false,
  }
}

function runFrom(result: GroupResult, startedAt: number, now: number): CheckRun {
  const { exitCode, signal, hasLeftBehind, duration } = result
  const end = result.end === 'aborted' ? 'interrupted' : result.end
  // The clock of the machine may have been set meanwhile; how long it took is told by one that cannot be.
  return { startedAt: Math.min(startedAt, now), endedAt: now, duration, end, exitCode, signal, hasLeftBehind }
}
