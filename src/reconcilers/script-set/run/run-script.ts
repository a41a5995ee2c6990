import { dirname } from 'node:path'
import type { ProcessIdentity } from '../../../clients/host/process-identity.ts'
import { exitCodeOf, type GroupResult, type GroupRun, runGroup } from '../../../clients/host/run-group.ts'
import { type Environment, runEnvironment } from '../../../clients/npm/environment.ts'
import { findNpm } from '../../../clients/npm/npm-program.ts'
import type { Clock } from '../../../core/clock.ts'
import type { Duration } from '../../../core/duration.ts'
import { isErrorOf } from '../../../core/errors.ts'
import type { RunningScripts, ScriptOfPackage } from '../checks/running-scripts.ts'
import { type DesiredScriptSet, packagePathOf } from '../place.ts'
import type { RunStep } from './run-path.ts'

/** How one try of a script ended. */
export interface RunTry {
  readonly script: string
  readonly exitCode: number
  readonly duration: Duration
  readonly end: GroupResult['end']
}

/** Told while a way is taken, for people. */
export interface RunListener {
  started(script: string): void
  /** `pause`: before it is tried again; `next`: the script that is tried in its place. */
  failed(one: RunTry, then: { readonly pause?: Duration; readonly next?: string }): void
  passedOver(script: string): void
  /** A check of it is under way, whose end is waited for. */
  waits(script: string, pid: number): void
}

/** What became of a run: every try in order; empty where no script of the way exists. */
export interface RunResult {
  readonly tries: readonly RunTry[]
  readonly wasAborted: boolean
}

interface World {
  readonly desired: DesiredScriptSet
  readonly env: Environment
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly listener: RunListener
  readonly running: RunningScripts
}

/**
 * Takes a way: each script through npm, again as often as its step says, until one passes. What it prints goes where
 * ours goes. Nothing of a script is left behind, also where we are told to end or are killed.
 */
export async function takePath(steps: readonly RunStep[], world: World): Promise<RunResult> {
  const { desired, clock, signal, listener } = world
  const env = runEnvironment(world.env)
  const npm = await findNpm(env.PATH ?? '')
  const folder = dirname(packagePathOf(desired))
  const tries: RunTry[] = []
  const existing = steps.filter(({ exists }) => exists)
  for (const { script, exists } of steps) if (!exists) listener.passedOver(script)
  for (const [index, step] of existing.entries()) {
    for (const pause of [...step.pauses, undefined]) {
      const result = await runAlone({ folder, script: step.script }, world, () => {
        listener.started(step.script)
        const command = [npm, 'run', step.script]
        return { command, folder, env, limit: undefined, clock, signal }
      })
      if (!result) return { tries, wasAborted: true }
      const one = { script: step.script, exitCode: exitCodeOf(result), ...ended(result) }
      tries.push(one)
      if (result.end === 'aborted') return { tries, wasAborted: true }
      if (one.exitCode === 0) return { tries, wasAborted: false }
      const next = existing[index + 1]?.script
      if (pause === undefined) listener.failed(one, next === undefined ? {} : { next })
      else {
        listener.failed(one, { pause })
        await clock.sleep(pause, signal).catch(() => undefined)
        if (signal.aborted) return { tries, wasAborted: true }
      }
    }
  }
  return { tries, wasAborted: false }
}

/** How often is looked whether a check has ended. */
const lookInterval: Duration = 250

/** Runs it when no check of the same script is under way; undefined: told to end while it waited. */
async function runAlone(
  one: ScriptOfPackage,
  { running, clock, signal, listener }: Pick<World, 'running' | 'clock' | 'signal' | 'listener'>,
  begin: () => Omit<GroupRun, 'onStarted'>,
): Promise<GroupResult | undefined> {
  let leave: () => Promise<void> = async () => undefined
  let told: number | undefined
  while (!signal.aborted) {
    const check = (await running.holders(one)).find(({ by }) => by === 'check')
    if (check) {
      if (told !== check.pid) listener.waits(one.script, check.pid)
      told = check.pid
      await clock.sleep(lookInterval, signal).catch(() => undefined)
      continue
    }
    const onStarted = async (identity: ProcessIdentity) => {
      leave = await running.enter(one, { ...identity, startedAt: clock.now(), by: 'run' })
    }
    try {
      return await runGroup({ ...begin(), onStarted })
    } catch (error) {
      // A check began at the same moment.
      if (!isErrorOf(error, 'RemoteChanged')) throw error
    } finally {
      await leave()
    }
  }
  return undefined
}

function ended({ duration, end }: GroupResult): Pick<RunTry, 'duration' | 'end'> {
  return { duration, end }
}
