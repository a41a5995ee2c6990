import { constants } from 'node:os'
import { formatDuration } from '../../core/duration.ts'
import { messageOf } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import { RunningScripts } from '../../reconcilers/script-set/checks/running-scripts.ts'
import { findSet } from '../../reconcilers/script-set/run/find-set.ts'
import { pathOf, type RunStep } from '../../reconcilers/script-set/run/run-path.ts'
import {
  type RunListener,
  type RunResult,
  type RunTry,
  takePath,
} from '../../reconcilers/script-set/run/run-script.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { recordOutsideEvent } from '../../state/outside-event.ts'
import { printDiagnostics } from '../diagnostics.ts'
import { type ExitStatus, Interruption, type Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { readDeclaration } from '../read-declaration.ts'
import { selectResources } from '../selection.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

/** What shells give to a program that a signal ended; Ctrl-C, which the script heard in our place, is SIGINT. */
function interruptedCode({ reason }: AbortSignal): number {
  return 128 + constants.signals[reason instanceof Interruption ? reason.signalName : 'SIGINT']
}

/** `reconcile run`: a script through npm, on failure again, and then what takes its place; its exit code is ours. */
export async function run(
  call: Invocation,
  common: CommonOptions,
  { script, isDryRun }: { readonly script: string; readonly isDryRun: boolean },
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, isDryRun ? 'read' : 'write')
  try {
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    printDiagnostics(workspace, declaration.diagnostics)
    const selection = selectResources(declaration, common)
    const chosen = declaration.resources.filter(({ id }) => selection?.has(id) ?? true)
    const { desired, scripts } = await findSet(chosen, script)
    const steps = pathOf(desired, script, scripts)
    if (isDryRun) {
      call.out.write(sanitise(pathText(steps), { keepLines: true }))
      return 0
    }
    const say = (text: string) => call.err.write(`${sanitise(text)}\n`)
    const listener = listenerOf(common.quiet ? () => undefined : say)
    const { env, signal } = call
    const { clock, statePath } = workspace
    const running = new RunningScripts(statePath)
    const result = await takePath(steps, { desired, env, clock, signal, listener, running })
    const told = resultText(result, script)
    say(told)
    await record(workspace, store, { id: desired.id, message: told, isFine: isFine(result, script) }).catch(
      (error: unknown) => say(`The run could not be recorded: ${messageOf(error)}`),
    )
    return result.wasAborted ? interruptedCode(signal) : (result.tries.at(-1)?.exitCode ?? 1)
  } finally {
    await store.close()
  }
}

function pathText(steps: readonly RunStep[]): string {
  const lines = steps.map(({ script, tries, pauses, exists }, index) => {
    const again = tries === 1 ? '' : `, up to ${tries} times (after ${pauses.map(formatDuration).join(', ')})`
    return `${index + 1}. npm run ${script}${exists ? again : ', which does not exist and is passed over'}\n`
  })
  return `${lines.join('')}Dry run: nothing was started.\n`
}

function listenerOf(say: (text: string) => void): RunListener {
  return {
    started: (script) => say(`> npm run ${script}`),
    passedOver: (script) => say(`${script} does not exist and is passed over`),
    waits: (script, pid) => say(`${script} waits for the end of a check of it (pid ${pid})`),
    failed: (one, { pause, next }) => {
      const then =
        pause !== undefined
          ? `; again in ${formatDuration(pause)}`
          : next === undefined
            ? ''
            : `; falling back to ${next}`
      say(`${one.script} ${failureText(one)}${then}`)
    },
  }
}

function failureText({ exitCode, duration }: RunTry): string {
  return `failed with exit code ${exitCode} after ${formatDuration(duration)}`
}

/** The way that was taken, on one line: `build (exit 1) -> build:safe (exit 0)`. */
function resultText({ tries, wasAborted }: RunResult, script: string): string {
  if (tries.length === 0) return `${script} was not run: nothing on its way exists`
  const way = tries.map(
    (one) => `${one.script} (${one.end === 'aborted' ? 'ended' : `exit ${one.exitCode}`})`,
  )
  return `Path taken: ${way.join(' -> ')}${wasAborted ? '; interrupted' : ''}`
}

function isFine({ tries, wasAborted }: RunResult, script: string): boolean {
  const last = tries.at(-1)
  return !wasAborted && last?.exitCode === 0 && last.script === script
}

async function record(
  workspace: Workspace,
  store: Store,
  told: {
    readonly id: Parameters<typeof recordOutsideEvent>[1]['id']
    readonly message: string
    readonly isFine: boolean
  },
): Promise<void> {
  const { environment, clock } = workspace
  await recordOutsideEvent(
    { store, environment },
    {
      at: clock.now(),
      type: told.isFine ? 'Normal' : 'Warning',
      reason: 'ScriptRun',
      id: told.id,
      message: told.message,
    },
  )
}
