import { registerAtBoot } from '../../clients/pm2/boot.ts'
import type { Store } from '../../core/store.ts'
import type { Manifests } from '../../manifests/read.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { liveController, openKeeper } from '../actor.ts'
import { withBackground } from '../background/background.ts'
import { type StartedController, startController } from '../background/start-controller.ts'
import { printDiagnostics } from '../diagnostics.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import { openLog } from '../log.ts'
import type { CommonOptions } from '../options.ts'
import { assertSomethingDeclared, readDeclaration } from '../read-declaration.ts'
import { assertWorthStarting, type ControlledPlace, openControlledPlace } from '../source/following.ts'
import type { GitOptions } from '../source/git-options.ts'
import { openSource } from '../source/open-source.ts'
import { openState, type Workspace } from '../workspace.ts'

/** How long the pass of somebody else is waited for. */
const patience = 20_000

/** `reconcile start`: the controller under PM2. What runs already is told, and left as it is. */
export async function start(
  call: Invocation,
  common: CommonOptions,
  options: GitOptions & { readonly boot?: boolean; readonly rebind?: boolean },
): Promise<ExitStatus> {
  const place = await openControlledPlace(call, common, options)
  await assertWorthStarting(place)
  if (options.rebind === true) await settleIn(place, true)
  return withControllable(place, ({ workspace, store, declaration }) =>
    withBackground(workspace, { store, declaration }, async (background) => {
      const started = await startController(background, declaration)
      call.out.write(startedText(started))
      if (!options.boot) return 0
      const { isDone, output } = await registerAtBoot({
        home: started.home,
        env: call.env,
        clock: workspace.clock,
        signal: call.signal,
      })
      call.out.write(`${sanitise(output, { keepLines: true }).trim()}\n`)
      if (!isDone)
        call.err.write('PM2 could not do all of it by itself: what it printed above says what to type.\n')
      return isDone ? 0 : 1
    }),
  )
}

interface Controllable {
  readonly workspace: Workspace
  readonly store: Store
  readonly declaration: Manifests
}

/** Opens what a controller can be started for: manifests that declare something, and their state. */
export async function withControllable(
  place: ControlledPlace,
  work: (controllable: Controllable) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const { workspace } = place
  if (place.following) await settleIn(place, false)
  const store = await openState(workspace, 'read')
  try {
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    printDiagnostics(workspace, declaration.diagnostics)
    assertSomethingDeclared(declaration)
    return await work({ workspace, store, declaration })
  } finally {
    await store.close()
  }
}

/**
 * Binds the state, and goes to the newest good commit, before the controller is started: so that whoever starts it
 * hears what is wrong, and PM2 is told the name and the variables that the commit says. Where one lives, that has done it.
 */
async function settleIn(place: ControlledPlace, rebind: boolean): Promise<void> {
  const { workspace } = place
  const { call, common } = workspace
  const store = await openState(workspace, 'write')
  try {
    if (await liveController(openKeeper(workspace, store))) return
    const { actor } = await openSource(place, store, {
      role: 'pass',
      waitFor: patience,
      rebind,
      logger: openLog(call, common, 'warn'),
      signal: call.signal,
      onDiagnostics: (diagnostics) => printDiagnostics(workspace, diagnostics),
    })
    await actor.lease.release()
  } finally {
    await store.close()
  }
}

/** What a person needs to know of it. */
export function startedText({ name, pid, log, isNew }: StartedController): string {
  const what = isNew ? 'The controller runs in the background' : 'The controller runs already'
  return sanitise(`${what}: pid ${pid}, kept by PM2 as ${name}. Its log: ${log ?? 'none'}`).concat('\n')
}
