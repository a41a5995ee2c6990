import { stat } from 'node:fs/promises'
import { ReconcileError } from '../../core/errors.ts'
import { checkManifests } from '../../manifests/check.ts'
import type { DoctorFinding } from '../../reports/doctor-text.ts'
import { displayPath } from '../../reports/names.ts'
import { allowancesOf } from '../read-declaration.ts'
import { openState, type Workspace } from '../workspace.ts'

/** Whether the manifests pass `check`. */
export async function examineManifests(workspace: Workspace, checkTyped: string): Promise<DoctorFinding> {
  const { paths, environment, reconcilers, call, clock } = workspace
  const { summary } = await checkManifests({
    paths,
    cwd: call.cwd,
    environment,
    reconcilers,
    env: call.env,
    allow: allowancesOf(workspace),
    now: clock.now(),
  })
  const check = 'manifests'
  if (summary.errors === 0) {
    return { check, verdict: 'fine', message: `${summary.resources} declared`, cure: undefined }
  }
  const message = `${summary.errors} ${summary.errors === 1 ? 'error' : 'errors'} in the manifests`
  return { check, verdict: 'error', message, cure: `\`${checkTyped}\` names each with its place` }
}

/** Whether the state can be opened, and by whom else. Opens it for reading alone. */
export async function examineStore(workspace: Workspace): Promise<DoctorFinding> {
  const check = 'store'
  const { statePath, call } = workspace
  const name = displayPath(statePath, call.cwd)
  try {
    const store = await openState(workspace, 'read')
    await store.close()
  } catch (error) {
    if (!(error instanceof ReconcileError)) throw error
    return {
      check,
      verdict: 'error',
      message: error.message,
      cure: error.hint ?? 'restore a copy, or name another one with --state',
    }
  }
  const found = await stat(statePath).catch(() => undefined)
  if (found === undefined) {
    return {
      check,
      verdict: 'fine',
      message: `${name} does not exist yet; the first pass makes it`,
      cure: undefined,
    }
  }
  if ((found.mode & 0o077) !== 0) {
    const message = `${name} can be read by others, and holds a key`
    return { check, verdict: 'warning', message, cure: `\`chmod 600 ${name}\`` }
  }
  return { check, verdict: 'fine', message: `${name} can be read`, cure: undefined }
}
