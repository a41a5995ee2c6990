import { ReconcileError } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import { awaitGit } from '../../manifests/git-at-work.ts'
import type { LeaseKeeper } from '../../state/lease.ts'
import { openLedger } from '../../state/ledger.ts'
import { type Actor, becomeActorUnlessControlled, liveController, openKeeper } from '../actor.ts'
import { printDiagnostics } from '../diagnostics.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { askController } from '../pass/controller-client.ts'
import { makeOwnPass, type PassReport, tellReceivers } from '../pass/own-pass.ts'
import { exitStatusOf } from '../pass/pass-result.ts'
import { printPass } from '../pass/print-pass.ts'
import { Progress } from '../pass/progress.ts'
import { assertSomethingDeclared, assertWorthAState, readDeclaration } from '../read-declaration.ts'
import { selectResources } from '../selection.ts'
import { typedIn } from '../surroundings.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

export interface PassOptions {
  readonly timeout: number
  readonly wait: boolean
  readonly allowDeletions?: number
  readonly rebind?: boolean
  /** What is said last of a pass, and how it ends, where another verb made it. */
  readonly conclude?: (report: PassReport, status: ExitStatus) => Conclusion
}

/** The last word of a pass in text, and its exit status. */
export interface Conclusion {
  readonly text: string
  readonly status: ExitStatus
}

/** `reconcile`: one pass, until everything is healthy or the time is over. A live controller is asked to do it. */
export async function pass(
  call: Invocation,
  common: CommonOptions,
  options: PassOptions,
): Promise<ExitStatus> {
  if (common.output === 'markdown') {
    throw new ReconcileError(
      'UsageInvalid',
      'Cannot print a pass as markdown: that is for plans (`--dry-run`)',
    )
  }
  const workspace = await openWorkspace(call, common)
  const progress = new Progress(call, common)
  await assertWorthAState(workspace)
  const store = await openState(workspace, 'write')
  try {
    const report = await makePass({
      workspace,
      store,
      options,
      progress,
      keeper: openKeeper(workspace, store),
    })
    progress.end()
    await printPass(workspace, report)
    const ended = exitStatusOf({ ...report, hasWaited: options.wait })
    const { text, status } = options.conclude?.(report, ended) ?? {
      text: common.quiet ? '' : nextStep(workspace, report, ended),
      status: ended,
    }
    if (common.output === 'text') call.out.write(text)
    if (report.desk) await tellReceivers(workspace, report.desk)
    return status
  } finally {
    progress.end()
    await store.close()
  }
}

/** What a person types next: where the fleet was taken down, or where not all is well although the score may be enough. */
function nextStep(workspace: Workspace, { known }: PassReport, status: ExitStatus): string {
  const typed = typedIn(workspace)
  if ([...known.values()].some((state) => state.status.reason === 'FleetDown'))
    return `The fleet is down; ${typed('resume', '--all')} ends it.\n`
  return status === 0 ? '' : `Not all is well; ${typed('report')} says what to do.\n`
}

interface PassInput {
  readonly workspace: Workspace
  readonly store: Store
  readonly options: PassOptions
  readonly progress: Progress
  readonly keeper: LeaseKeeper
}

/** By the controller where one lives, else by us. Who of them it is can change while we ask or wait. */
async function makePass(input: PassInput): Promise<PassReport> {
  const { workspace, store, options, progress, keeper } = input
  const end = workspace.clock.monotonic() + options.timeout
  for (;;) {
    if (await liveController(keeper)) {
      const report = await passByController(input)
      if (report) return report
      progress.say('the controller is gone: this pass is made here')
    }
    const actor = await becomeActorUnlessControlled(workspace, store, {
      role: 'pass',
      waitFor: Math.max(0, end - workspace.clock.monotonic()),
      rebind: options.rebind === true,
      keeper,
    })
    if (actor) return passByUs(input, actor)
  }
}

/** What is to be done, as the manifests say it now. Who only asks for it runs none of the commands that they name. */
async function readTask({ workspace, store, options, progress }: PassInput, mayRunCommands: boolean) {
  const { paths, clock, call } = workspace
  await awaitGit(paths, { clock, signal: call.signal, tell: (text) => progress.say(text) })
  const { declaration, hasErrors } = await readDeclaration(workspace, store, { mayRunCommands })
  printDiagnostics(workspace, declaration.diagnostics)
  assertSomethingDeclared(declaration, options.allowDeletions)
  return { declaration, hasErrors, selection: selectResources(declaration, workspace.common) }
}

/** The manifests are read when it is our turn: what they said before we waited may be undone by now. */
async function passByUs(input: PassInput, actor: Actor): Promise<PassReport> {
  const { workspace, store, options, progress } = input
  try {
    const task = await readTask(input, true)
    const { wait, timeout, allowDeletions } = options
    return await makeOwnPass(
      { workspace, store, actor, progress },
      { ...task, wait, timeout, allowDeletions },
    )
  } finally {
    await actor.lease.release()
  }
}

/** Undefined: the controller went before it was done. */
async function passByController(input: PassInput): Promise<PassReport | undefined> {
  const { workspace, store, options, progress, keeper } = input
  const { declaration, hasErrors, selection } = await readTask(input, false)
  let pid: number | undefined
  const actions = await askController(workspace, store, {
    keeper,
    declaration,
    selection,
    allowedDeletions: options.allowDeletions,
    timeout: options.timeout,
    onClaimed: (claimer) => {
      pid = claimer
      progress.say(`the controller with pid ${claimer} makes the pass`)
    },
  })
  if (!actions) return undefined
  const { clock, environment, folder } = workspace
  const view = await openLedger({ store, fleet: folder, environment, clock }).load()
  const states = new Map([...view.states].filter(([id]) => !selection || selection.has(id)))
  return { declaration, hasErrors, actions, states, known: view.states, strays: view.strays, pid }
}
