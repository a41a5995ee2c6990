import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { systemClock } from '../../clients/host/clock.ts'
import { daemonIdentity } from '../../clients/pm2/daemon/daemon-identity.ts'
import { dataFolder } from '../../clients/pm2/daemon/environment.ts'
import { usersPm2Version } from '../../clients/pm2/daemon/users-pm2.ts'
import { isErrorOf, ReconcileError } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { type Manifests, readManifests } from '../../manifests/read.ts'
import { pm2HomeOf } from '../../reconcilers/process/home.ts'
import { type DoctorFinding, doctorDocument, doctorText } from '../../reports/doctor-text.ts'
import { commandText, pm2, reconcile } from '../../reports/report/command.ts'
import { declaredText } from '../../reports/report/declared-text.ts'
import { examineClock } from '../doctor/clock.ts'
import { examineDaemon } from '../doctor/daemon.ts'
import { examineManifests, examineStore } from '../doctor/fleet.ts'
import { examineMachine } from '../doctor/machine.ts'
import { examinePlaces, type Place } from '../doctor/places.ts'
import { examineRivals } from '../doctor/rivals.ts'
import type { VendorNeeds } from '../doctor/vendor-findings.ts'
import { examineVendors } from '../doctor/vendors.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { allowancesOf } from '../read-declaration.ts'
import { secretCommands } from '../secret-command.ts'
import { fleetFlagsOf, pm2CommandOf } from '../surroundings.ts'
import { openWorkspace, type Workspace } from '../workspace.ts'

/** `reconcile doctor`: looks at everything that a fleet needs from its machine. Changes nothing, and starts nothing. */
export async function doctor(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  const findings = await examine(call, common)
  if (common.output === 'json' || common.output === 'yaml') {
    await printDocument(call, common.output, doctorDocument(findings))
  } else call.out.write(doctorText(shown(findings, call.mask), pageOf(call, common, call.out)))
  return findings.some(({ verdict }) => verdict === 'error') ? 1 : 0
}

async function examine(call: Invocation, common: CommonOptions): Promise<readonly DoctorFinding[]> {
  const { env, signal } = call
  const clock = systemClock
  const workspace = await workspaceIfAny(call, common)
  const declaration = workspace && (await declaredIn(workspace))
  const declaredHome = declaration?.fleet.pm2.home
  const home = pm2HomeOf(declaredHome, env)
  const place = {
    pm2: await pm2CommandOf({ call }, declaredHome),
    fleetFlags: workspace ? fleetFlagsOf(workspace) : [],
  }
  const typed = (...args: readonly string[]) => commandText(pm2(...args), place)
  const daemon = await examineDaemon({
    home,
    clock,
    signal,
    commandVersion: await usersPm2Version(env.PATH),
    typed,
  })
  const vendors = declaration
    ? await examineVendors({ ...needsOf(declaration), clock, mask: call.mask, signal })
    : []
  const isClockKnown = vendors.some(({ check }) => check === 'clock')
  return [
    ...(await examineMachine('/', process.version, (await daemonIdentity(home))?.pid)),
    ...(await examinePlaces(placesOf(call, { home, statePath: workspace?.statePath }))),
    ...(isClockKnown ? [] : [await examineClock(workspace, '/')]),
    ...(workspace === undefined
      ? [noManifests]
      : [
          await examineManifests(workspace, commandText(reconcile('check'), place)),
          await examineStore(workspace),
        ]),
    ...daemon.findings,
    ...vendors,
    ...(await examineRivals({
      root: '/',
      home: env.HOME ?? homedir(),
      env,
      records: daemon.records,
      typed,
      signal,
    })),
  ]
}

/** Where this fleet writes, or would: PM2's own folder, its copy that we bring, and the state. */
function placesOf(
  { env }: Invocation,
  { home, statePath }: { readonly home: string; readonly statePath: string | undefined },
): readonly Place[] {
  const whose = 'give this user write access, or run reconcile as the user whom it belongs to'
  return [
    { what: 'PM2', path: home, cure: `${whose}; PM2_HOME or \`pm2.home\` of the Fleet names another folder` },
    {
      what: 'our own files',
      path: dataFolder(env),
      cure: `${whose}; HOME or XDG_DATA_HOME names another folder`,
    },
    ...(statePath === undefined
      ? []
      : [{ what: 'the state', path: dirname(statePath), cure: `${whose}; --state names another file` }]),
  ]
}

/** The manifests without their state, which may be what is wrong. Undefined: they cannot be read at all. */
async function declaredIn(workspace: Workspace): Promise<Manifests | undefined> {
  const { paths, call, environment, reconcilers, common, random, clock } = workspace
  try {
    return await readManifests({
      paths,
      cwd: call.cwd,
      environment,
      reconcilers,
      env: call.env,
      allow: allowancesOf(workspace),
      runCommand: common.runCommands ? secretCommands({ signal: call.signal, clock }) : undefined,
      secretKey: random.id(),
      now: clock.now(),
      mask: call.mask,
    })
  } catch (error) {
    if (error instanceof ReconcileError) return undefined
    throw error
  }
}

/** What of a fleet lives at vendors; what a broken manifest declares needs its vendor too. */
function needsOf({ fleet, resources, missing }: Manifests): VendorNeeds {
  const needs = (kind: string) =>
    [...resources.map(({ id }) => id), ...missing].some((id) => id.startsWith(`${kind}/`))
  const places = (kind: string, field: string) =>
    resources.flatMap((resource) => (resource.kind === kind ? (declaredText(resource, field) ?? []) : []))
  return {
    fleet,
    needs: { github: needs('Workflow'), netlify: needs('FunctionSet') },
    repositories: [...new Set(places('Workflow', 'repository'))],
    sites: [...new Set(places('FunctionSet', 'site'))],
  }
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
