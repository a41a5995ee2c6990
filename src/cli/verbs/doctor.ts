import { homedir } from 'node:os'
import { systemClock } from '../../clients/host/clock.ts'
import { usersPm2Version } from '../../clients/pm2/daemon/users-pm2.ts'
import { isErrorOf } from '../../core/errors.ts'
import { scanFolder } from '../../manifests/scan-ids.ts'
import { pm2HomeOf } from '../../reconcilers/process/home.ts'
import { type DoctorFinding, doctorDocument, doctorText } from '../../reports/doctor-text.ts'
import { examineDaemon } from '../doctor/daemon.ts'
import { examineManifests, examineStore } from '../doctor/fleet.ts'
import { examineMachine } from '../doctor/machine.ts'
import { examineRivals } from '../doctor/rivals.ts'
import { examineVendors } from '../doctor/vendors.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { openWorkspace, type Workspace } from '../workspace.ts'

/** `reconcile doctor`: looks at everything that a fleet needs from its machine. Changes nothing, and starts nothing. */
export async function doctor(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  const findings = await examine(call, common)
  if (common.output === 'json' || common.output === 'yaml') {
    printDocument(call, common.output, doctorDocument(findings))
  } else call.out.write(doctorText(findings, pageOf(call, common, call.out)))
  return findings.some(({ verdict }) => verdict === 'error') ? 1 : 0
}

async function examine(call: Invocation, common: CommonOptions): Promise<readonly DoctorFinding[]> {
  const { env, signal } = call
  const clock = systemClock
  const workspace = await workspaceIfAny(call, common)
  const daemon = await examineDaemon({
    home: pm2HomeOf(undefined, env),
    clock,
    signal,
    commandVersion: await usersPm2Version(env.PATH),
  })
  const declared = workspace === undefined ? [] : (await scanFolder(workspace.folder)).resources
  const kinds = new Set(declared.map((id) => id.slice(0, id.indexOf('/'))))
  return [
    ...(await examineMachine('/', process.version)),
    ...(workspace === undefined
      ? [noManifests]
      : [await examineManifests(workspace), await examineStore(workspace)]),
    ...daemon.findings,
    ...(await examineVendors({ kinds, env, clock, signal })),
    ...(await examineRivals({
      root: '/',
      home: env.HOME ?? homedir(),
      env,
      records: daemon.records,
      signal,
    })),
  ]
}

const noManifests: DoctorFinding = Object.freeze({
  check: 'manifests',
  verdict: 'warning',
  message: 'there are none here',
  cure: '`reconcile init` writes the first ones; -f names a folder elsewhere',
})

async function workspaceIfAny(call: Invocation, common: CommonOptions): Promise<Workspace | undefined> {
  try {
    return await openWorkspace(call, common)
  } catch (error) {
    if (isErrorOf(error, 'NothingDeclared')) return undefined
    throw error
  }
}
