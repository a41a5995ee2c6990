import { ReconcileError } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import type { SavedPlan } from '../../reports/saved-plan.ts'
import type { Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import type { Workspace } from '../workspace.ts'

/** The plan says where it is to be applied, unless the command line does. */
export function commonOf(common: CommonOptions, { environment, saved }: SavedPlan): CommonOptions {
  const { only, labels, paths, statePath, ranCommands } = saved
  if (common.only.length > 0 || common.label.length > 0) {
    throw new ReconcileError('UsageInvalid', 'Cannot apply a part of a saved plan', {
      hint: 'Make a plan of that part: `reconcile plan --only KIND/NAME --out FILE`.',
    })
  }
  return {
    ...common,
    only,
    label: labels,
    file: common.file.length > 0 ? common.file : paths,
    env: common.env ?? environment ?? '',
    state: common.state ?? statePath,
    runCommands: common.runCommands || ranCommands,
  }
}

/** Rejects what another version of this program planned. */
export function assertSameProgram({ version }: Invocation, { saved }: SavedPlan): void {
  if (saved.programVersion === version) return
  throw new ReconcileError(
    'PlanOutdated',
    `Cannot apply the plan: reconciled ${saved.programVersion} made it, and this is ${version}`,
    { hint: 'Make a new one with `reconcile plan --out FILE`, and look at it.' },
  )
}

/** Rejects what was planned for other manifests, another state or another environment. */
export function assertSamePlace(
  { folder, statePath, environment }: Workspace,
  { saved, environment: planned }: SavedPlan,
): void {
  const differs = [
    ...(folder === saved.folder ? [] : [`the manifests ${saved.folder}, not ${folder}`]),
    ...(statePath === saved.statePath ? [] : [`the state ${saved.statePath}, not ${statePath}`]),
    ...((environment ?? null) === planned ? [] : [`${nameOf(planned)}, not ${nameOf(environment ?? null)}`]),
  ]
  if (differs.length === 0) return
  throw new ReconcileError(
    'UsageInvalid',
    `Cannot apply the plan here: it is for ${differs.join(', and for ')}`,
    {
      hint: 'Call it without -f, --env and --state: the plan says where it is to be applied.',
    },
  )
}

function nameOf(environment: string | null): string {
  return environment === null ? 'no environment' : `the environment ${environment}`
}

/** Rejects what was planned from a state that is gone. */
export function assertSameStore(store: Store, { saved }: SavedPlan): void {
  if (saved.store === null || saved.store === store.id) return
  throw new ReconcileError(
    'PlanOutdated',
    'Cannot apply the plan: the state that it was made from is gone, and another is in its place',
    { hint: 'Make a new one with `reconcile plan --out FILE`, and look at it.' },
  )
}
