import type { Resource, ResourceId } from '../../core/resource.ts'
import type { ResourceStatus } from '../../core/status.ts'
import { displayPath } from '../names.ts'

/** What a cure is made of: what was seen of a resource, and what its manifest says. */
export interface Ailment {
  readonly id: ResourceId
  readonly status: ResourceStatus
  /** Undefined: no longer declared. */
  readonly resource: Resource | undefined
  readonly workingDirectory: string
}

export interface Cure {
  readonly problem: string
  readonly cure: string
  readonly commands: readonly string[]
}

type Prescribe = (ailment: Ailment) => Cure

/** `manifests/api.yaml:3`, or what stands for a manifest that is gone. */
function placeOf({ resource, workingDirectory }: Ailment): string {
  if (!resource) return 'its manifest'
  return `${displayPath(resource.origin.file, workingDirectory)}:${resource.origin.line}`
}

const logs = ({ id }: Ailment) => `reconcile logs ${id} -n 50`
const resume = ({ id }: Ailment) => `reconcile resume ${id}`
const only = ({ id }: Ailment) => `reconcile --only ${id}`
const describe = ({ id }: Ailment) => `reconcile describe ${id}`

/** After all attempts a pass does nothing more by itself. */
function retry(ailment: Ailment): string {
  return isExhausted(ailment.status) ? resume(ailment) : only(ailment)
}

function isExhausted(status: ResourceStatus): boolean {
  return status.conditions.some(({ type, reason }) => type === 'Held' && reason === 'AttemptsExhausted')
}

const crash: Prescribe = (ailment) => ({
  problem: isExhausted(ailment.status)
    ? `${ailment.id} ends again and again, and is not tried any more`
    : `${ailment.id} ends again and again`,
  cure: 'Its log says why. Mend that, then let it be tried anew.',
  commands: [logs(ailment), resume(ailment)],
})

const jobFailed: Prescribe = (ailment) => ({
  problem: `the last run of ${ailment.id} failed`,
  cure: 'Its log says why. The next run is made by its schedule; nothing is repeated before.',
  commands: [logs(ailment)],
})

const probe: Prescribe = (ailment) => {
  const asked = probeCommand(ailment.resource)
  return {
    problem: `${ailment.id} runs and does not work: its probe fails`,
    cure: `Ask what the probe asks and read what it printed; if the probe itself is wrong, correct \`health\` in ${placeOf(ailment)}.`,
    commands: [...(asked === undefined ? [] : [asked]), logs(ailment), retry(ailment)],
  }
}

/** The probe as a person types it. */
function probeCommand(resource: Resource | undefined): string | undefined {
  const health = fieldOf(resource?.spec, 'health')
  const http = fieldOf(health, 'http')
  if (http !== undefined) {
    const [port, path] = [fieldOf(http, 'port'), fieldOf(http, 'path')]
    return `curl -i http://127.0.0.1:${String(port)}${typeof path === 'string' ? path : '/'}`
  }
  const tcp = fieldOf(health, 'tcp')
  return tcp === undefined ? undefined : `nc -zv 127.0.0.1 ${String(fieldOf(tcp, 'port'))}`
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}

const workflowRun: Prescribe = (ailment) => ({
  problem: `the newest run of ${ailment.id} is not green`,
  cure: 'The run that is named says which step failed. Mend that; once it needs no more reruns, let it be tried anew.',
  commands: [describe(ailment), retry(ailment)],
})

const workflowFile: Prescribe = (ailment) => ({
  problem: `${ailment.id} cannot start: its workflow file is not valid`,
  cure: 'The check names line and column of what is wrong; run it on the file, mend it, and deliver it.',
  commands: [`reconcile check --workflow ${String(fieldOf(ailment.resource?.spec, 'path') ?? 'FILE')}`],
})

const dispatch: Prescribe = (ailment) => ({
  problem: `${ailment.id} has not run for longer than it may`,
  cure: `Start it by hand once, or declare \`green.onStale: dispatch\` in ${placeOf(ailment)} so that this happens by itself.`,
  commands: [
    `gh workflow run ${String(fieldOf(ailment.resource?.spec, 'path') ?? '')} --repo ${String(fieldOf(ailment.resource?.spec, 'repository') ?? '')}`,
  ],
})

const credentials: Prescribe = (ailment) => ({
  problem: 'a vendor does not let us read',
  cure: 'Set a token that may read and act, in the environment of whoever runs the passes, and read anew.',
  commands: [
    `export ${ailment.status.message.includes('NETLIFY') ? 'NETLIFY_AUTH_TOKEN' : 'GITHUB_TOKEN'}=...`,
    'reconcile status --refresh',
  ],
})

const remote: Prescribe = () => ({
  problem: 'a vendor could not be read',
  cure: 'Nothing is concluded from it and nothing is done meanwhile; it is asked again by itself.',
  commands: ['reconcile status --refresh'],
})

const daemon: Prescribe = () => ({
  problem: 'the PM2 daemon does not answer',
  cure: 'Until it does, nothing is known of any process. If it hangs, end it: the next pass starts it again, with everything that is declared.',
  commands: ['pm2 ping', 'pm2 kill', 'reconcile'],
})

/** By the reason that was observed. What is not here is described instead of guessed at. */
const prescriptions: Readonly<Record<string, Prescribe>> = Object.freeze({
  Errored: crash,
  RestartsRising: crash,
  Restarting: crash,
  Failed: crash,
  NoProcess: crash,
  ApplyFailed: (ailment) => ({
    problem: `what ${ailment.id} needs could not be done`,
    cure: 'The message says what refused. Mend that, and let it be tried anew.',
    commands: [describe(ailment), retry(ailment)],
  }),
  BackOff: (ailment) => ({
    problem: `${ailment.id} does not come up`,
    cure: 'It is tried again by itself within its attempts; its log says why it fails.',
    commands: [logs(ailment), describe(ailment)],
  }),
  DomainRefuses: (ailment) => ({
    problem: 'everything that is asked of a vendor fails alike',
    cure: 'The message says how. It is tried with one resource at a time, and goes on by itself when one succeeds; whoever mended it can have it tried at once.',
    commands: [describe(ailment), retry(ailment)],
  }),
  AttemptsExhausted: (ailment) => ({
    problem: `${ailment.id} could not be brought back, and is not tried any more`,
    cure: 'Its log says why it fails. Mend that, then start its attempts anew.',
    commands: [logs(ailment), resume(ailment)],
  }),
  Stopped: (ailment) => ({
    problem: `${ailment.id} is stopped`,
    cure: `A pass starts it again; if it is meant to rest, suspend it, so that everybody knows.`,
    commands: [only(ailment), `reconcile suspend ${ailment.id} --reason "..."`],
  }),
  NotRunning: (ailment) => ({
    problem: `${ailment.id} does not run`,
    cure: 'A pass starts it.',
    commands: [only(ailment)],
  }),
  InstancesMissing: (ailment) => ({
    problem: `${ailment.id} runs with fewer instances than declared`,
    cure: 'A pass starts those that are missing.',
    commands: [only(ailment)],
  }),
  LeftBehind: (ailment) => ({
    problem: `${ailment.id} runs on, and PM2 does not know it any more`,
    cure: 'A pass ends what was left behind and starts it under PM2.',
    commands: [only(ailment)],
  }),
  DuplicateName: (ailment) => ({
    problem: `PM2 has several processes of the name of ${ailment.id}`,
    cure: 'It cannot be told which of them is meant: delete the wrong one by its number in PM2.',
    commands: ['pm2 list', 'pm2 delete NUMBER', only(ailment)],
  }),
  ProbeFailed: probe,
  ProbePending: probe,
  ProbeNotRun: probe,
  LastRunFailed: jobFailed,
  ScriptMissing: (ailment) => ({
    problem: `${ailment.id} cannot be started: what it should run is not there`,
    cure: `Put it where it is looked for, or correct \`script\` or \`cwd\` in ${placeOf(ailment)}.`,
    commands: ['reconcile check', only(ailment)],
  }),
  ReferenceUnresolved: (ailment) => ({
    problem: `a value that ${ailment.id} refers to is not there`,
    cure: `Set it where the passes are made, or give the reference in ${placeOf(ailment)} a \`default\`.`,
    commands: [...variableOf(ailment), 'reconcile check', only(ailment)],
  }),
  NotOurs: (ailment) => ({
    problem: `something else has the name of ${ailment.id}`,
    cure: `If it is to become this one, declare \`adopt: true\` in ${placeOf(ailment)}; if not, give this one another \`spec.name\`.`,
    commands: [describe(ailment), `reconcile plan --only ${ailment.id}`],
  }),
  Conflict: (ailment) => ({
    problem: `${ailment.id} belongs to another fleet`,
    cure: `Only one fleet may manage it: take it out of the other one's manifests, or out of ${placeOf(ailment)}.`,
    commands: [describe(ailment)],
  }),
  Contended: (ailment) => ({
    problem: `somebody keeps undoing what is corrected on ${ailment.id}`,
    cure: `Find who it is (a deploy script, a cron, a person) and end that, or list what differs under \`ignore\` in ${placeOf(ailment)}.`,
    commands: [`reconcile events ${ailment.id}`, 'crontab -l'],
  }),
  UnconfirmedOutcome: (ailment) => ({
    problem: `it is not known what became of the last action on ${ailment.id}`,
    cure: 'It is not repeated before the world shows what became of it. If you know that it did not happen, start anew.',
    commands: [describe(ailment), resume(ailment)],
  }),
  FunctionNotBundled: (ailment) => ({
    problem: `a function of ${ailment.id} cannot be bundled`,
    cure: 'Correct the file that the message names; it is tried again when the source changes.',
    commands: [describe(ailment), only(ailment)],
  }),
  NotAllowed: (ailment) => ({
    problem: `${ailment.id} is not as declared, and its manifest does not let us change that`,
    cure: `Undo it by hand, or allow it in ${placeOf(ailment)}.`,
    commands: [describe(ailment)],
  }),
  DisabledByInactivity: (ailment) => ({
    problem: `GitHub disabled ${ailment.id}, because its repository was quiet`,
    cure: `Declare \`reenable: [inactivity]\` in ${placeOf(ailment)} so that it is undone, or enable it by hand.`,
    commands: [only(ailment)],
  }),
  DisabledByPerson: (ailment) => ({
    problem: `a person disabled ${ailment.id}`,
    cure: `If that is not meant, enable it by hand, or declare \`reenable: [manual]\` in ${placeOf(ailment)}; if it is, declare \`state: disabled\`.`,
    commands: [only(ailment)],
  }),
  FileDrifted: (ailment) => ({
    problem: `the workflow file of ${ailment.id} is not its source`,
    cure: 'A pass delivers the source; if the change on GitHub is meant, take it over into the source.',
    commands: [`reconcile plan --only ${ailment.id}`, only(ailment)],
  }),
  FileMissing: (ailment) => ({
    problem: `${ailment.id} has no workflow file`,
    cure: `Declare a \`source\` in ${placeOf(ailment)} to have it delivered, or correct \`path\`.`,
    commands: [only(ailment)],
  }),
  WaitingForApproval: (ailment) => ({
    problem: `a run of ${ailment.id} waits for a person`,
    cure: 'Approve or reject it on the page that is named.',
    commands: [describe(ailment)],
  }),
  RunFailed: workflowRun,
  RunTimedOut: workflowRun,
  RunNotFinished: workflowRun,
  StartupFailure: workflowFile,
  FileInvalid: workflowFile,
  Stale: dispatch,
  NeverRan: dispatch,
  CredentialsMissing: credentials,
  CredentialsRefused: credentials,
  PermissionMissing: credentials,
  RateLimited: remote,
  RemoteUnavailable: remote,
  RemoteAnswerInvalid: remote,
  DaemonUnresponsive: daemon,
  DaemonCallFailed: daemon,
  NeverLookedAt: (ailment) => ({
    problem: `${ailment.id} was declared and never looked at`,
    cure: 'A pass looks at it and makes it as declared.',
    commands: ['reconcile plan', 'reconcile'],
  }),
})

/** The variable that a message of an unresolved reference names. */
function variableOf({ status }: Ailment): readonly string[] {
  const name = /fromEnv[: ]+"?([A-Za-z_]\w*)|variable "?([A-Za-z_]\w*)/.exec(status.message)
  const found = name?.[1] ?? name?.[2]
  return found === undefined ? [] : [`export ${found}=...`]
}

/** What cures it, by the reason that was observed. */
export function prescribe(ailment: Ailment, reason: string): Cure {
  const known = prescriptions[reason]
  if (known) return known(ailment)
  return {
    problem: `${ailment.id} is ${ailment.status.health}`,
    cure: 'What was seen of it, and what was tried, stands in its description.',
    commands: [describe(ailment)],
  }
}
