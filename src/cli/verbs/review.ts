import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { brokenPaths, isError } from '../../core/diagnostic.ts'
import { silentLogger } from '../../core/logger.ts'
import type { Plan, PlannedResource } from '../../core/plan.ts'
import { kindOf, type ResourceId } from '../../core/resource.ts'
import { shown } from '../../core/shown.ts'
import { draftPass } from '../../engine/pass.ts'
import { isResource } from '../../manifests/alerting.ts'
import { compareEnvironments, type EnvironmentDifference } from '../../manifests/compare-environments.ts'
import { findUnknownEnvironment } from '../../manifests/location.ts'
import { type Manifests, readManifests } from '../../manifests/read.ts'
import type { ApiUse } from '../../reports/plan-api.ts'
import { planText } from '../../reports/plan-text.ts'
import { type Review, type ReviewedResource, reviewDocument } from '../../reports/review.ts'
import { reviewMarkdown } from '../../reports/review-markdown.ts'
import { reviewText } from '../../reports/review-text.ts'
import { sanitiseJson } from '../../reports/sanitise.ts'
import { openLedger } from '../../state/ledger.ts'
import { printDiagnostics } from '../diagnostics.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { apiUseOf } from '../plan/api-use.ts'
import { allowancesOf, assertSomethingDeclared } from '../read-declaration.ts'
import { pathsIn, type ReviewBase, withReviewBase } from '../review-base.ts'
import { secretCommands } from '../secret-command.ts'
import { selectResources } from '../selection.ts'
import { openSession } from '../session.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'

/**
 * `reconcile plan --against REV`: what the manifests of the work tree declare otherwise than those of a revision. Made
 * for a machine that is not the fleet's: neither its PM2 nor its state is looked at; what can be read from anywhere is.
 */
export async function review(
  call: Invocation,
  common: CommonOptions,
  options: { readonly against: string },
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common)
  // One key for both, so that equal secrets have equal digests; it is kept nowhere.
  const secretKey = workspace.random.id()
  const head = await read(workspace, { paths: workspace.paths, cwd: call.cwd, secretKey })
  printDiagnostics(workspace, head.diagnostics)
  assertSomethingDeclared(head)
  return withReviewBase(workspace, options.against, async (base) => {
    const before = await readBase(workspace, base, { head, secretKey })
    const selection = selectResources(head, common)
    const isChosen = (id: ResourceId) => selection === undefined || selection.has(id)
    const difference = compareEnvironments(before, head)
    const reached = await planReachable(workspace, { head, isChosen, folder: base.folder })
    const found: Review = {
      fleet: head.fleet.name,
      environment: workspace.environment,
      revision: options.against,
      commit: base.commit,
      resources: effectsOf(workspace, { before, head, difference, base }).filter(
        ({ id, effect }) =>
          !isResource(id) || isChosen(id as ResourceId) || (effect === 'delete' && selection === undefined),
      ),
      same: difference.same,
      settings: difference.fleet,
      comparedOnly: reached.comparedOnly,
      notes: notesOf(base, before, options.against),
      plan: reached.plan,
    }
    call.mask.leave(base.commit)
    call.mask.leave(base.commit.slice(0, 12))
    await print(call, common, shown(found, call.mask), reached.api)
    return head.isComplete && !isDenied(reached.plan) ? 0 : 1
  })
}

async function read(
  workspace: Workspace,
  place: { readonly paths: readonly string[]; readonly cwd: string; readonly secretKey: string },
): Promise<Manifests> {
  const { call, common, clock, reconcilers, environment } = workspace
  return readManifests({
    ...place,
    environment,
    reconcilers,
    env: call.env,
    allow: allowancesOf(workspace),
    runCommand: common.runCommands ? secretCommands({ signal: call.signal, clock }) : undefined,
    now: clock.now(),
    mask: call.mask,
  })
}

/** Where the revision has no such manifests, or no such environment, everything is new. */
async function readBase(
  workspace: Workspace,
  base: ReviewBase,
  { head, secretKey }: { readonly head: Manifests; readonly secretKey: string },
): Promise<Manifests> {
  const nothing = { ...head, resources: [], settings: [], diagnostics: [], missing: [], isComplete: true }
  const paths = await pathsIn(base, workspace)
  if (paths.length === 0) return nothing
  const { environment, call } = workspace
  const cwd = base.inRevision(await realpath(call.cwd)) ?? base.folder
  if (environment !== undefined && (await findUnknownEnvironment({ paths, cwd, environment }))) return nothing
  return base.rehomed(await read(workspace, { paths, cwd, secretKey }))
}

/** What each difference does, as far as manifests alone tell. */
function effectsOf(
  { reconcilers }: Workspace,
  input: {
    readonly before: Manifests
    readonly head: Manifests
    readonly difference: EnvironmentDifference
    readonly base: ReviewBase
  },
): readonly ReviewedResource[] {
  const { before, head, difference, base } = input
  const byId = ({ settings, resources }: Manifests) =>
    new Map([...settings, ...resources].map((resource) => [resource.id, resource]))
  const [old, current] = [byId(before), byId(head)]
  const isInterrupted = (id: ResourceId) => {
    const [a, b] = [old.get(id), current.get(id)]
    return a && b ? (reconcilers.get(b.kind)?.interrupts?.(a, b) ?? false) : false
  }
  const placed = (id: ResourceId) => {
    const { origin } = current.get(id) ?? {}
    const was = old.get(id)?.origin
    const file = origin?.file ?? base.nameOf(was?.file ?? '')
    return { id, kind: kindOf(id), file, line: origin?.line ?? was?.line ?? 1 }
  }
  // What a file that is wrong now declared is not gone; that it is wrong is told, and ends the review with 1.
  const wrong = brokenPaths(head.diagnostics)
  const lost = before.settings.filter(({ origin }) => wrong.has(origin.file)).map(({ id }) => id)
  const unread = new Set([...before.missing, ...head.missing, ...lost])
  return [
    ...difference.onlyInA
      .filter((id) => !unread.has(id))
      .map((id) => ({ ...placed(id), effect: 'delete' as const, changes: [] })),
    ...difference.differing.map(({ id, changes }) => ({
      ...placed(id),
      effect: isInterrupted(id) ? ('restart' as const) : ('update' as const),
      changes,
    })),
    ...difference.onlyInB
      .filter((id) => !unread.has(id))
      .map((id) => ({ ...placed(id), effect: 'create' as const, changes: [] })),
  ]
}

function notesOf(base: ReviewBase, before: Manifests, revision: string): readonly string[] {
  const errors = before.diagnostics.filter(isError).map(base.named)
  return [
    ...base.refusedLinks.map(
      (path) => `${revision}:${path} is a link out of the work tree or in a circle, and was left out`,
    ),
    ...errors.map(
      ({ message, position }) =>
        `${position.file}:${position.line}: ${message}; what it declares is not compared`,
    ),
  ]
}

interface Reached {
  readonly plan: Plan | undefined
  readonly comparedOnly: Review['comparedOnly']
  readonly api: ApiUse
}

/** Plans what can be read from anywhere, as a first pass would: there is no state here. */
async function planReachable(
  workspace: Workspace,
  input: {
    readonly head: Manifests
    readonly isChosen: (id: ResourceId) => boolean
    readonly folder: string
  },
): Promise<Reached> {
  const { head, isChosen } = input
  const chosen = head.resources.filter(({ id }) => isChosen(id))
  const isOfMachine = (kind: string) => workspace.reconcilers.get(kind)?.isOfMachine === true
  const here = [...new Set(chosen.map(({ kind }) => kind).filter(isOfMachine))]
  const bound = here.map((kind) => ({
    kind,
    message: 'it runs on the machine of the fleet, which is not this one',
  }))
  const selection = new Set(chosen.filter(({ kind }) => !isOfMachine(kind)).map(({ id }) => id))
  if (selection.size === 0) return { plan: undefined, comparedOnly: bound, api: {} }
  const { plan, api } = await draftElsewhere(workspace, { head, selection, folder: input.folder })
  const kinds = Map.groupBy(plan.resources, ({ id }) => kindOf(id))
  const unreached = [...kinds].flatMap(([kind, resources]) => {
    const message = resources[0]?.unknown?.message
    return message !== undefined && resources.every(({ unknown }) => unknown) ? [{ kind, message }] : []
  })
  const silent = new Set(unreached.map(({ kind }) => kind))
  const resources = plan.resources.filter(({ id }) => !silent.has(kindOf(id))).map(withoutRoutine)
  return {
    plan: resources.length > 0 ? { ...plan, resources } : undefined,
    comparedOnly: [...bound, ...unreached],
    api,
  }
}

async function draftElsewhere(
  workspace: Workspace,
  input: {
    readonly head: Manifests
    readonly selection: ReadonlySet<ResourceId>
    readonly folder: string
  },
): Promise<{ readonly plan: Plan; readonly api: ApiUse }> {
  const { call, common, environment, folder, clock } = workspace
  const { head: declaration, selection } = input
  // The state of a fleet is not for a look from elsewhere: an empty one takes its place, and is never written.
  const store = await openState(
    { ...workspace, statePath: join(input.folder, '.git', 'no-state.db') },
    'read',
  )
  try {
    const session = openSession(workspace, {
      declaration,
      store,
      ledger: openLedger({ store, fleet: folder, environment, clock }),
      logger: silentLogger,
      mayRunCommands: common.runCommands,
      lease: undefined,
    })
    try {
      const request = { declaration, selection, readDependencies: false, allowedDeletions: undefined }
      const { plan } = await draftPass(session.world, request, call.signal)
      return { plan, api: await apiUseOf(plan, session.world) }
    } finally {
      await session.close()
    }
  } finally {
    await store.close()
  }
}

/** What is due by its own schedule says nothing of what is reviewed, and without a state all of it seems due. */
function withoutRoutine(resource: PlannedResource): PlannedResource {
  const actions = resource.actions.filter(({ isRoutine }) => isRoutine !== true)
  return actions.length === resource.actions.length
    ? resource
    : { ...resource, actions, holds: actions.length === 0 ? [] : resource.holds }
}

function isDenied(plan: Plan | undefined): boolean {
  return plan?.resources.some(({ holds }) => holds.some(({ reason }) => reason === 'PolicyDenied')) ?? false
}

async function print(call: Invocation, common: CommonOptions, found: Review, api: ApiUse): Promise<void> {
  const { output } = common
  if (output === 'json' || output === 'yaml') {
    await printDocument(
      call,
      output,
      sanitiseJson(reviewDocument(found, { workingDirectory: call.cwd, api })),
    )
  } else if (output === 'markdown') call.out.write(reviewMarkdown(found))
  else {
    const page = pageOf(call, common, call.out)
    call.out.write(reviewText(found, page))
    if (found.plan) call.out.write(`\n${planText(found.plan, { ...page, isDryRun: true, api })}`)
  }
}
