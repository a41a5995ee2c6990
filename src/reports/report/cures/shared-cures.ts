import {
  type Ailment,
  describe,
  logs,
  only,
  type Prescribe,
  type Prescriptions,
  placeOf,
  planOnly,
  resume,
  retry,
  takeOver,
  vendorOf,
} from '../ailment.ts'
import { type Command, pm2, reconcile, shell } from '../command.ts'

const tokenOf = (ailment: Ailment): string => {
  const { tokens } = ailment.surroundings
  return vendorOf(ailment) === 'Netlify' ? tokens.netlify : tokens.github
}

const vendor = (ailment: Ailment): string => vendorOf(ailment) ?? 'a vendor'

const credentials =
  (what: (vendor: string) => string): Prescribe =>
  (ailment) => ({
    problem: what(vendor(ailment)),
    cure: 'Set a token that may read and act where the passes are made, and have one made.',
    commands: [
      { type: 'set', variable: tokenOf(ailment) },
      ...takeOver(ailment.surroundings, reconcile()),
      reconcile('doctor'),
    ],
  })

/** Nothing is stored by looking: only a pass takes over what a vendor says by now. */
const remote =
  (what: (vendor: string) => string): Prescribe =>
  (ailment) => ({
    problem: what(vendor(ailment)),
    cure: ailment.surroundings.controller
      ? 'Nothing is concluded from it and nothing is done meanwhile; the controller asks again by itself.'
      : 'Nothing is concluded from it and nothing is done meanwhile; the next pass asks again.',
    commands: ailment.surroundings.controller ? [reconcile('doctor')] : [reconcile('doctor'), reconcile()],
  })

const daemon: Prescribe = () => ({
  problem: 'the PM2 daemon does not answer',
  cure: 'Until it does, nothing is known of any process. If it hangs, end it: the next pass starts it again, with everything that is declared.',
  commands: [pm2('ping'), pm2('kill'), reconcile()],
})

const tryAgain =
  (problem: (id: string) => string, cure: string): Prescribe =>
  (ailment) => ({ problem: problem(ailment.id), cure, commands: [describe(ailment), ...retry(ailment)] })

const unread: Prescribe = (ailment) => ({
  problem: `${ailment.id} was not read`,
  cure: 'Nothing is concluded from it; a pass reads it again, and its description says what came of that.',
  commands: [only(ailment), describe(ailment)],
})

/** The variable that a message of an unresolved reference names. */
function variableOf({ resource, status }: Ailment): string | undefined {
  const told = [...(resource?.unresolved ?? []).map(({ message }) => message), status.message]
  for (const text of told) {
    const name = /fromEnv[: ]+"?([A-Za-z_]\w*)/.exec(text)?.[1]
    if (name !== undefined) return name
  }
  return undefined
}

const reference: Prescribe = (ailment) => {
  const [first] = ailment.resource?.unresolved ?? []
  const place = placeOf(ailment, ...(first?.path.split('/').slice(2) ?? []))
  const variable = variableOf(ailment)
  const commands: readonly Command[] =
    variable === undefined
      ? [reconcile('check'), only(ailment)]
      : [{ type: 'set', variable }, ...takeOver(ailment.surroundings, only(ailment))]
  const problem = `a value that ${ailment.id} refers to is not there`
  if (first?.message.startsWith('sops ')) {
    const cure =
      'The message says whether the program `sops` is missing where passes are made, or a key for it.'
    return { problem, cure, commands }
  }
  return {
    problem,
    cure: `Set it where the passes are made, or give the reference in ${place} a \`default\`.`,
    commands,
  }
}

/** For every kind: why nothing is done, and why nothing is known. */
export const sharedCures: Prescriptions = Object.freeze({
  ApplyFailed: tryAgain(
    (id) => `what ${id} needs could not be done`,
    'The message says what refused. Mend that, and let it be tried anew.',
  ),
  BackOff: tryAgain(
    (id) => `${id} could not be brought back yet`,
    'It is tried again by itself within its attempts; its description says what was tried and why it failed.',
  ),
  DomainRefuses: (ailment) => ({
    problem: `everything that is asked of ${vendorOf(ailment) ?? 'PM2 or npm'} fails alike`,
    cure: 'The message says how. It is tried with one resource at a time, and goes on by itself when one succeeds; whoever mended it can have it tried at once.',
    commands: [describe(ailment), ...retry(ailment)],
  }),
  AttemptsExhausted: (ailment) => ({
    problem: `${ailment.id} could not be brought back, and is not tried any more`,
    cure: 'What was tried and why it failed stands in its description. Mend that, then start its attempts anew.',
    commands: [describe(ailment), ...resume(ailment)],
  }),
  OutcomeUnknown: (ailment) => ({
    problem: `it is not known what became of the last action on ${ailment.id}`,
    cure: 'The answer was lost. A pass looks what became of it before anything is repeated.',
    commands: [only(ailment), describe(ailment)],
  }),
  UnconfirmedOutcome: (ailment) => ({
    problem: `it is not known what became of the last action on ${ailment.id}`,
    cure: 'It is not repeated before the world shows what became of it. If you know that it did not happen, start anew.',
    commands: [describe(ailment), ...resume(ailment)],
  }),
  OperationTimedOut: tryAgain(
    (id) => `a step on ${id} did not end in time`,
    'What became of it is looked for before anything is repeated; its description says which step it was.',
  ),
  ReferenceUnresolved: reference,
  NotOurs: (ailment) => ({
    problem: `something else has the name of ${ailment.id}`,
    cure: `If it is to become this one, declare \`adopt: true\` in ${placeOf(ailment, 'adopt')}; if not, give this one another \`spec.name\`.`,
    commands: [describe(ailment), planOnly(ailment)],
  }),
  Conflict: (ailment) => ({
    problem: `${ailment.id} is managed from elsewhere`,
    cure: `It is left alone, because only one may manage it: take it out of the manifests of the other one, or out of ${placeOf(ailment)}; where that is another state of this same fleet, use that state (\`--state\`).`,
    commands: [describe(ailment)],
  }),
  DeclaredTwice: (ailment) => ({
    problem: `${ailment.id} is declared twice, by an old name and by the new one`,
    cure: `Remove ${placeOf(ailment)}, or the other one that the message names and correct the name in this one.`,
    commands: [describe(ailment)],
  }),
  Contended: (ailment) => ({
    problem: `somebody keeps undoing what is corrected on ${ailment.id}`,
    cure: `Find who it is (a deploy script, a cron, a person) and end that, or list what differs under \`ignore\` in ${placeOf(ailment, 'ignore')}.`,
    commands: [reconcile('events', ailment.id), reconcile('doctor'), shell('crontab -l'), ...resume(ailment)],
  }),
  NotAllowed: (ailment) => ({
    problem: `${ailment.id} is not as declared, and its manifest does not let us change that`,
    cure: `Undo it by hand, or allow it in ${placeOf(ailment)}; the plan says what stands against it.`,
    commands: [planOnly(ailment)],
  }),
  PolicyDenied: (ailment) => ({
    problem: `what ${ailment.id} needs is against a policy`,
    cure: 'The message names the policy and what it says. Wait until its rule allows it, or change what is declared; only a person should change the policy.',
    commands: [planOnly(ailment)],
  }),
  Returning: (ailment) => ({
    problem: `${ailment.id} is on its way back with PM2`,
    cure: 'PM2 starts what it had saved, one after the other. What does not come is started within half a minute after the last.',
    commands: [describe(ailment), pm2('list')],
  }),
  NotPlanned: (ailment) => ({
    problem: `${ailment.id} needs what was not in the plan that was applied last`,
    cure: 'The next pass does it; look at what that would be first.',
    commands: [planOnly(ailment)],
  }),
  ObserveOnly: (ailment) => ({
    problem: `${ailment.id} is not as declared, and is only looked at`,
    cure: `Correct it by hand, or declare \`managementPolicy: Manage\` in ${placeOf(ailment, 'managementPolicy')}.`,
    commands: [planOnly(ailment)],
  }),
  OutsideWindow: (ailment) => ({
    problem: `${ailment.id} waits for its window`,
    cure: `What it needs is done when \`windows\` in ${placeOf(ailment, 'windows')} allow it.`,
    commands: [planOnly(ailment)],
  }),
  DependencyBroken: (ailment) => ({
    problem: `${ailment.id} waits for something whose manifest is broken`,
    cure: 'Mend that manifest: the check names file, line and column.',
    commands: [reconcile('check')],
  }),
  DependencyNotReady: (ailment) => ({
    problem: `${ailment.id} waits for something that is not healthy`,
    cure: 'It goes on by itself when that is well; its description names it.',
    commands: [describe(ailment)],
  }),
  ManifestsIncomplete: () => ({
    problem: 'what is no longer declared is kept while manifests are broken',
    cure: 'Nothing is deleted before every manifest can be read: the check names file, line and column.',
    commands: [reconcile('check'), reconcile()],
  }),
  NotDeclared: (ailment) => ({
    problem: `${ailment.id} is no longer declared, and still there`,
    cure: 'A pass over the whole fleet lets go of it; the plan says how.',
    commands: [reconcile('plan'), reconcile()],
  }),
  NotLookedAt: (ailment) => ({
    problem: `${ailment.id} was let go on, and not looked at since`,
    cure: 'A pass looks at it and makes it as declared; a controller that runs does so at once.',
    commands: [reconcile('plan'), reconcile()],
  }),
  NeverLookedAt: (ailment) => ({
    problem: `${ailment.id} was declared and never looked at`,
    cure: 'A pass looks at it and makes it as declared.',
    commands: [reconcile('plan'), reconcile()],
  }),
  NotRead: unread,
  CredentialsMissing: credentials((name) => `there is no token for ${name}`),
  CredentialsRefused: credentials((name) => `${name} refuses our token`),
  PermissionMissing: credentials((name) => `our token for ${name} may not do what is declared`),
  RateLimited: remote((name) => `${name} takes no more calls for now`),
  RemoteUnavailable: remote((name) => `${name} could not be reached`),
  RemoteAnswerInvalid: remote((name) => `${name} answered what cannot be read`),
  RemoteRefused: tryAgain(
    (id) => `what ${id} needs was refused`,
    'The message says why. Mend that, and let it be tried anew.',
  ),
  RemoteChanged: tryAgain(
    (id) => `${id} was changed by somebody else meanwhile`,
    'Nothing was done; the next pass decides anew.',
  ),
  DaemonNotRunning: (ailment) => ({
    problem: 'no PM2 daemon runs',
    cure: 'A pass starts one when it needs it.',
    commands: [only(ailment)],
  }),
  DaemonStartFailed: () => ({
    problem: 'the PM2 daemon could not be started',
    cure: 'The message holds what it printed; the doctor looks at what it needs.',
    commands: [reconcile('doctor'), pm2('ping'), reconcile()],
  }),
  DaemonUnresponsive: daemon,
  DaemonCallFailed: (ailment) => ({
    problem: 'the PM2 daemon refused a call',
    cure: 'The message holds what it said, its own log more.',
    commands: [pm2('logs', 'PM2', '--nostream', '--lines', '50'), only(ailment)],
  }),
  DaemonUnsupported: () => ({
    problem: 'the PM2 daemon is of a version that is not supported',
    cure: 'Install PM2 7 and have the daemon take it over, which restarts every process.',
    commands: [shell('npm install --global pm2@7'), pm2('update'), reconcile()],
  }),
  HomeLocked: () => ({
    problem: 'another program acts in this PM2_HOME',
    cure: 'Only one may at a time. The message names its pid: if it hangs, end it; else it lets go by itself.',
    commands: [shell('ps -o pid,etime,stat,args -p PID'), reconcile()],
  }),
  ProgramMissing: tryAgain(
    (id) => `a program that ${id} needs is not on PATH`,
    'The message names it. Install it where the passes are made.',
  ),
  FileNotEditable: tryAgain(
    (id) => `a file of ${id} cannot be edited`,
    'The message names it and why; it was left as it is. Edit it by hand, or mend its permissions.',
  ),
  BundlerFailed: tryAgain(
    (id) => `the bundler ended before the functions of ${id} were bundled`,
    'Nothing was deployed. It is tried again; the message says how it ended.',
  ),
  InvalidCall: (ailment) => ({
    problem: `a call for ${ailment.id} was not sent, because it would have harmed the PM2 daemon`,
    cure: 'This is a defect of reconciled: please report it with what the description says.',
    commands: [describe(ailment)],
  }),
  Internal: (ailment) => ({
    problem: `something went wrong in reconciled while it looked at ${ailment.id}`,
    cure: 'This is a defect: please report it with what the command prints.',
    commands: [{ type: 'reconcile', args: ['--only', ailment.id, '-v'] }],
  }),
  StandingDown: (ailment) => ({
    problem: `${ailment.id} is needed no more, and still runs`,
    cure: 'A pass lets it stand down.',
    commands: [only(ailment)],
  }),
  Acted: (ailment) => ({
    problem: `what was done on ${ailment.id} was not confirmed`,
    cure: 'A pass looks what became of it.',
    commands: [only(ailment), logs(ailment)],
  }),
})
