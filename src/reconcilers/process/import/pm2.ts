import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import { ReconcileError } from '../../../core/errors.ts'
import type { ImportConflict, Imported, ImportedResource, Importer } from '../../../core/import.ts'
import { resourceId } from '../../../core/resource.ts'
import { pm2HomeOf } from '../home.ts'
import { readMark } from '../mark.ts'
import { isConfiguration } from './mistaken.ts'
import { ResourceNames } from './names.ts'
import { collectNotices, type Tell } from './notice.ts'
import { specOfRecords } from './record-spec.ts'

const place = Object.freeze({ file: 'pm2', line: undefined })

/** `reconcile import pm2`: what the daemon of this PM2_HOME runs. Starts none, and changes nothing on what runs. */
export const importPm2: Importer = async ({ env, clock, signal }) => {
  const home = pm2HomeOf(undefined, env)
  const { openPm2 } = await import('../../../clients/pm2/open.ts')
  const client = openPm2({ home, clock })
  try {
    return resourcesOf(await client.list(signal), { home, env })
  } catch (error) {
    if (!(error instanceof ReconcileError)) throw error
    const message =
      error.code === 'DaemonNotRunning'
        ? `No PM2 daemon runs in ${home}, so nothing runs that could be imported; PM2_HOME names another one`
        : error.message
    return { resources: [], conflicts: [], warnings: [], errors: [{ ...place, code: error.code, message }] }
  } finally {
    await client.close()
  }
}

function resourcesOf(
  records: readonly Pm2Record[],
  { home, env }: { readonly home: string; readonly env: Readonly<Record<string, string | undefined>> },
): Imported {
  const { notices, tell } = collectNotices(place)
  const names = new ResourceNames()
  const resources: ImportedResource[] = []
  const conflicts: ImportConflict[] = []
  const shared = new Map<string, string[]>()
  const tellShared = (name: string, variables: readonly string[]) => {
    const list = variables.join(', ')
    shared.set(list, [...(shared.get(list) ?? []), name])
  }
  for (const group of groupByName(records.filter((record) => isOrdinary(record, tell))).values()) {
    const [first] = group
    if (!first) continue
    const same = group.filter((record) => programOf(record) === programOf(first))
    if (same.length < group.length) conflicts.push(conflictOf(group))
    const spec = specOfRecords({ records: same, home, env, tell, tellShared })
    const name = names.take(first.name)
    const suspend = suspensionOf(same, tell)
    tellWhatIsLost(first, tell)
    resources.push({
      id: resourceId('Process', name),
      environment: undefined,
      from: place,
      manifest: {
        apiVersion: 'reconcile.dev/v1',
        kind: 'Process',
        metadata: { name },
        spec: {
          ...(name === first.name ? {} : { name: first.name }),
          ...spec,
          ...(suspend === undefined ? {} : { suspend }),
        },
      },
    })
  }
  for (const [variables, processes] of shared) {
    tell({
      code: 'import-pm2-shell-variables',
      message: `${processes.join(', ')}: left out what your shell has, too, with the same value: ${variables}; declare what is needed, as { fromEnv: NAME }`,
    })
  }
  return { resources, conflicts, warnings: notices, errors: [] }
}

/** PM2's own modules are PM2's to run, and what has no program cannot be declared. */
function isOrdinary(record: Pm2Record, tell: Tell): boolean {
  if (record.raw.pmx_module === true || record.raw.pmx_module === 'true') {
    tell({
      code: 'import-pm2-module-left-out',
      message: `${record.name}: a module of PM2 itself was left out`,
    })
    return false
  }
  const mark = readMark(record.reconciled)
  if (mark) {
    tell({
      code: 'import-pm2-managed-already',
      message: `${record.name}: it is ${mark.id} of the fleet ${mark.fleet} already, which another fleet must not take`,
    })
  }
  if (record.execPath !== undefined && isConfiguration(record.execPath)) {
    tell({
      code: 'import-pm2-configuration',
      message: `${record.name}: it was left out: it is no program but the configuration ${record.execPath}, which PM2 does not know by its name and runs as one; delete it in PM2, and import the file with \`reconcile import ecosystem\``,
    })
    return false
  }
  return record.execPath !== undefined
}

function groupByName(records: readonly Pm2Record[]): ReadonlyMap<string, readonly Pm2Record[]> {
  const groups = new Map<string, Pm2Record[]>()
  for (const record of records) groups.set(record.name, [...(groups.get(record.name) ?? []), record])
  return groups
}

/** What makes two processes of one name instances of one program. */
function programOf({ execPath, cwd, namespace }: Pm2Record): string {
  return JSON.stringify([execPath, cwd, namespace])
}

function conflictOf(group: readonly Pm2Record[]): ImportConflict {
  const isUneven = (of: (record: Pm2Record) => unknown) => new Set(group.map(of)).size > 1
  const fields = [
    ['script', (record: Pm2Record) => record.execPath],
    ['cwd', (record: Pm2Record) => record.cwd],
    ['namespace', (record: Pm2Record) => record.namespace],
  ] as const
  return {
    name: group[0]?.name ?? '',
    places: group.map(({ pmId }) => ({ file: `pm2 number ${pmId}`, line: undefined })),
    differs: fields.filter(([, of]) => isUneven(of)).map(([field]) => field),
  }
}

/** What somebody stopped must not start because it was imported. */
function suspensionOf(records: readonly Pm2Record[], tell: Tell): { readonly reason: string } | undefined {
  const [first] = records
  if (!first) return undefined
  if (records.some(({ status }) => status === 'errored')) {
    tell({
      code: 'import-pm2-errored',
      message: `${first.name}: PM2 gave it up (errored); a pass tries to revive it`,
    })
    return undefined
  }
  const isStopped = records.every(({ status }) => status === 'stopped' || status === 'stopping')
  const isDone =
    !first.autorestart && records.every(({ exitCode }) => exitCode === undefined || exitCode === 0)
  if (!isStopped || isDone) return undefined
  tell({
    code: 'import-pm2-stopped',
    message: `${first.name}: it is stopped, so its manifest suspends it; remove \`suspend\` to have it run`,
  })
  return { reason: 'stopped in PM2 when it was imported' }
}

/** Options that a manifest does not have, where they are not PM2's default. They stay on what runs. */
function tellWhatIsLost({ name, raw }: Pm2Record, tell: Tell): void {
  const usual: Readonly<Record<string, readonly unknown[]>> = {
    uid: [],
    gid: [],
    treekill: [true, 'true'],
    shutdown_with_message: [false, 'false'],
    instance_var: ['NODE_APP_INSTANCE'],
    increment_var: [],
    disable_logs: [false, 'false'],
    log_type: [],
    watch_delay: [],
    watch_options: [],
    pm_log_path: [],
  }
  const lost = Object.entries(usual).flatMap(([option, values]) => {
    const value = raw[option]
    return value === undefined || value === null || value === '' || values.includes(value) ? [] : [option]
  })
  if (lost.length > 0) {
    tell({
      code: 'import-pm2-option-not-carried',
      message: `${name}: a manifest has no field for ${lost.join(', ')}; it stays on what runs, and is lost when it is created anew`,
    })
  }
}
