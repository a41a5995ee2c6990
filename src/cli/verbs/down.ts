import { userInfo } from 'node:os'
import { ReconcileError } from '../../core/errors.ts'
import type { HoldReason } from '../../core/hold.ts'
import type { Ledger, ResourceState } from '../../core/ledger.ts'
import { silentLogger } from '../../core/logger.ts'
import { type Plan, planOutcome } from '../../core/plan.ts'
import type { ResourceId } from '../../core/resource.ts'
import { shown } from '../../core/shown.ts'
import { draftPass } from '../../engine/pass.ts'
import { counted, fleetTitle } from '../../reports/names.ts'
import { planDocument } from '../../reports/plan-json.ts'
import { planText } from '../../reports/plan-text.ts'
import { openLedger } from '../../state/ledger.ts'
import { openSuspensions } from '../../state/suspensions.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import type { PassReport } from '../pass/own-pass.ts'
import { assertSomethingDeclared, readDeclaration } from '../read-declaration.ts'
import { openSession } from '../session.ts'
import { typedIn } from '../surroundings.ts'
import { openState, openWorkspace } from '../workspace.ts'
import { type Conclusion, pass } from './pass.ts'

export interface DownOptions {
  readonly yes: boolean
  readonly dryRun: boolean
  readonly timeout: number
}

/**
 * `reconcile down`: shows what would be stopped, asks, marks the fleet as down and makes the pass that stops it. The
 * mark alone keeps everything stopped, so whoever is killed in between is finished by the next pass, a controller's too.
 */
export async function down(
  call: Invocation,
  common: CommonOptions,
  options: DownOptions,
): Promise<ExitStatus> {
  if (common.only.length > 0 || common.label.length > 0) {
    throw new ReconcileError('UsageInvalid', 'Cannot take a part of the fleet down', {
      hint: 'To let a few resources rest, `reconcile suspend` them, or stop them and take them out of the manifests.',
    })
  }
  const plan = await planOfDown(call, common)
  const isText = common.output === 'text'
  if (isText)
    call.out.write(
      planText(shown(plan, call.mask), { ...pageOf(call, common, call.out), isDryRun: options.dryRun }),
    )
  else if (options.dryRun)
    await printDocument(
      call,
      'json',
      planDocument(shown(plan, call.mask), { workingDirectory: call.cwd, api: {} }),
    )
  if (options.dryRun) return 0
  if (!(await isMeant(call, plan, options))) {
    call.err.write('Nothing was changed.\n')
    return 1
  }
  await markAsDown(call, common)
  const end = `${typedIn(await openWorkspace(call, common))('resume', '--all')} ends it.`
  return pass(call, common, {
    timeout: options.timeout,
    wait: true,
    conclude: (report, status) => concludeDown(report, status, end),
  })
}

/** Says that the fleet is down where it is, and else whether another pass helps or what stays as it is. */
function concludeDown(report: PassReport, status: ExitStatus, end: string): Conclusion {
  const left = leftByDown(report)
  if (left.length > 0) {
    const why = left.length === 1 ? 'Left as it is, for the reason' : 'Left as they are, for the reasons'
    const text = `The fleet is marked as down, and not all of it is stopped; ${end}\n${why} above: ${left.join(', ')}.\n`
    return { text, status: 1 }
  }
  const text =
    status === 0
      ? `The fleet is down; ${end}\n`
      : `The fleet is marked as down, and not all is as it should be: the next pass goes on. ${end}\n`
  return { text, status }
}

/** What no later pass stops either; what was there before the fleet, or cannot be stopped, is not meant by `down`. */
function leftByDown({ declaration, states }: PassReport): readonly ResourceId[] {
  const declared = new Set(declaration.resources.map(({ id }) => id))
  const stays: ReadonlySet<string> = new Set<HoldReason>([
    'ObserveOnly',
    'PolicyDenied',
    'NotOurs',
    'Conflict',
  ])
  const isLeft = ({ status }: ResourceState) =>
    status.conditions.some(
      ({ type, status: isHeld, reason }) =>
        type === 'Held' &&
        isHeld === 'True' &&
        // Nothing is deleted while the fleet is down, so that what no manifest declares waits.
        (stays.has(reason) || (reason === 'FleetDown' && !declared.has(status.id))),
    )
  return [...states.values()].filter(isLeft).map(({ status }) => status.id)
}

/** The plan as it would be if the fleet were down already. */
async function planOfDown(call: Invocation, common: CommonOptions): Promise<Plan> {
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, 'read')
  try {
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
    assertSomethingDeclared(declaration)
    const { folder, environment, clock } = workspace
    const stored = openLedger({ store, fleet: folder, environment, clock })
    const ledger: Ledger = {
      load: async () => ({ ...(await stored.load()), isDown: true }),
      commit: (entries) => stored.commit(entries),
      samples: (id, since) => stored.samples(id, since),
      events: (query) => stored.events(query),
    }
    const session = openSession(workspace, {
      declaration,
      store,
      ledger,
      logger: silentLogger,
      mayRunCommands: false,
      lease: undefined,
    })
    try {
      const request = { declaration, selection: undefined, allowedDeletions: undefined }
      return (await draftPass(session.world, request, call.signal)).plan
    } finally {
      await session.close()
    }
  } finally {
    await store.close()
  }
}

async function isMeant(call: Invocation, plan: Plan, options: DownOptions): Promise<boolean> {
  if (options.yes) return true
  if (!call.ask) {
    throw new ReconcileError(
      'UsageInvalid',
      'Cannot ask whether the fleet is to go down: this is no terminal',
      {
        hint: '`--yes` says that it is meant; nothing was changed.',
      },
    )
  }
  const count = plan.resources.filter((resource) => planOutcome(resource) === 'run').length
  const title = fleetTitle(plan.fleet, plan.environment)
  const answer = await call.ask(
    `Take fleet ${title} down, and stop ${counted(count, 'resource')}? Type yes to do it: `,
  )
  return answer.trim().toLowerCase() === 'yes'
}

/** Written without the lease: a person is heard while a controller acts. */
async function markAsDown(call: Invocation, common: CommonOptions): Promise<void> {
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, 'write')
  try {
    await openSuspensions({ store, environment: workspace.environment }).takeDown({
      by: call.env.USER ?? userInfo().username,
      at: workspace.clock.now(),
    })
  } finally {
    await store.close()
  }
}
