import { resolve } from 'node:path'
import { ReconcileError } from '../core/errors.ts'
import { isInside, realPlaceOf } from '../manifests/fleet-root.ts'

/**
 * The state file of who applies from a checkout, which must lie outside it: `actions/checkout` clears the work tree at
 * each run (its `clean`, which is on by default), and what nobody remembers is neither deleted nor left undone.
 */
export function lastingState(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  const named = env.INPUT_STATE || env.RECONCILE_STATE
  const hint =
    'Set the input `state` to a file on the runner outside of the work tree, such as /var/lib/reconcile/fleet.db.'
  if (!named) throw new ReconcileError('UsageInvalid', 'Cannot apply without `state`', { hint })
  const path = resolve(cwd, named)
  const workTree = realPlaceOf(env.GITHUB_WORKSPACE || cwd)
  if (isInside(realPlaceOf(path), [workTree])) {
    throw new ReconcileError(
      'UsageInvalid',
      `Cannot keep the state in ${path}: that is inside of the work tree, which actions/checkout clears`,
      { hint },
    )
  }
  return path
}
