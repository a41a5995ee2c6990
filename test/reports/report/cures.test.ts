import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { errorCatalogue } from '../../../src/core/errors.ts'
import { buildReport } from '../../../src/reports/report/build-report.ts'
import { commandText, type Surroundings } from '../../../src/reports/report/command.ts'
import { prescriptionFor } from '../../../src/reports/report/cures.ts'
import { declared, inputOf, seen, surroundingsOf } from './sample-report.ts'

const source = (...path: readonly string[]) =>
  fileURLToPath(new URL(join('../../../src', ...path), import.meta.url))

/** Files of a domain that say how a resource is. */
const judges = /^(?:assess|judge-.+|verdict|crash-loop|facts)\.ts$/
/** Words of ours that are no reasons. */
const otherWords = new Set([
  'Healthy',
  'Progressing',
  'Suspended',
  'Missing',
  'Degraded',
  'Unknown',
  'Observe',
])
/** Reasons of what is well, on its way, or over by itself: there is nothing to do against them. */
const wellReasons: Readonly<Record<string, readonly string[]>> = {
  Process: [
    'Completed',
    'LastRunSucceeded',
    'Launching',
    'Online',
    'Registered',
    'Running',
    'StandingBy',
    'Starting',
  ],
  Workflow: ['Active', 'CalledUpon', 'Green', 'Queued', 'Running', 'StandingBy'],
  FunctionSet: ['Building', 'Published', 'PublishedByOthers', 'Unproven', 'Verifying'],
  ScriptSet: ['CheckPending', 'Resolved'],
}
const folders = {
  Process: 'process',
  Workflow: 'workflow',
  FunctionSet: 'function-set',
  ScriptSet: 'script-set',
}

/** What a domain's judges can say, as it stands in their text: a new reason is seen without being listed anywhere. */
function reasonsOf(kind: keyof typeof folders): readonly string[] {
  const folder = source('reconcilers', folders[kind])
  const words = readdirSync(folder)
    .filter((file) => judges.test(file))
    .flatMap((file) => [
      ...readFileSync(join(folder, file), 'utf8').matchAll(/'([A-Z][a-z]+(?:[A-Z][a-z]*)*)'/g),
    ])
    .map(([, word = '']) => word)
  return [...new Set(words)].filter((word) => !otherWords.has(word)).sort()
}

/** Why an action is held, by the type that names them all. */
const holdReasons = [...readFileSync(source('core', 'hold.ts'), 'utf8').matchAll(/^\s+\| '(\w+)'$/gm)].map(
  ([, word = '']) => word,
)

/** Errors that end the whole program, or a command, and never say how a resource is. */
const noResources = new Set([
  'ConflictingRevision',
  'ControllerAlive',
  'GitFailed',
  'LeaseHeld',
  'LeaseLost',
  'LogUnreadable',
  'ManifestsInvalid',
  'NoLogs',
  'NotFound',
  'NothingDeclared',
  'PlanOutdated',
  'RunLogGone',
  'SourceUnreadable',
  'StoreBound',
  'StoreBusy',
  'StoreCorrupt',
  'StoreFull',
  'StoreNewer',
  'StoreReadOnly',
  'StoreUnavailable',
  'UsageInvalid',
])

describe.each(Object.keys(folders) as (keyof typeof folders)[])('for a %s', (kind) => {
  const reasons = reasonsOf(kind)
  const well = new Set(wellReasons[kind])

  test('reasons are found, and those that need nothing exist', () => {
    expect(reasons.length).toBeGreaterThan(5)
    expect([...well].filter((reason) => !reasons.includes(reason))).toEqual([])
  })

  test.each(reasons.filter((reason) => !well.has(reason)))('there is a cure for %s', (reason) => {
    expect(prescriptionFor(kind, reason)).toBeDefined()
  })

  test.each(Object.keys(errorCatalogue).filter((code) => !noResources.has(code)))(
    'there is a cure for the error %s',
    (code) => {
      if (code === 'ScriptMissing' && kind === 'Workflow') return
      if (code === 'FunctionNotBundled' && kind !== 'FunctionSet') return
      if (code === 'RolloutStuck' && kind !== 'Process') return
      expect(prescriptionFor(kind, code)).toBeDefined()
    },
  )

  // What is suspended, a fleet that is down, and deletions over the limit are told of by themselves.
  const toldApart = ['Suspended', 'FleetDown', 'DeletionLimit']
  test.each(holdReasons.filter((reason) => !toldApart.includes(reason)))(
    'there is a cure for what is held as %s',
    (reason) => {
      if (reason === 'ScriptMissing' && kind === 'Workflow') return
      if (reason === 'FunctionNotBundled' && kind !== 'FunctionSet') return
      if (reason === 'RolloutStuck' && kind !== 'Process') return
      expect(prescriptionFor(kind, reason)).toBeDefined()
    },
  )

  test('every cure names a command, and its problem names whom or what it is about', () => {
    for (const reason of [...reasons, ...holdReasons].filter((each) => !well.has(each))) {
      const prescription = prescriptionFor(kind, reason)
      if (!prescription) continue
      const id = `${kind}/x`
      const cure = prescription({
        id: declared(id).id,
        status: seen(id, { health: 'Degraded', reason, message: 'why' }),
        resource: declared(id),
        surroundings: surroundingsOf(),
      })
      expect(cure.commands.length, reason).toBeGreaterThan(0)
      expect(`${cure.problem} ${cure.cure}`, reason).not.toMatch(/undefined|\[object/)
    }
  })
})

const keyless = seen('Process/keyless', {
  health: 'Unknown',
  reason: 'ReferenceUnresolved',
  message: 'fromEnv MYKEY: the environment variable is not set where reconcile runs',
})
const commandsOf = (surroundings: Partial<Surroundings>, status = keyless) =>
  buildReport(inputOf([status], { surroundings: surroundingsOf(surroundings) })).recommendations[0]?.commands

test('a variable that is missing is set where the passes are made', () => {
  expect(commandsOf({ controller: undefined })).toEqual([
    'export MYKEY=...',
    'reconcile --only Process/keyless',
  ])
  // A controller keeps the variables that it was started with.
  expect(commandsOf({ controller: { pid: 7, isInBackground: true } })).toEqual([
    'export MYKEY=...',
    'reconcile restart',
  ])
  expect(commandsOf({ controller: { pid: 7, isInBackground: false } })).toEqual([
    'export MYKEY=...',
    'kill 7',
    'reconcile watch',
  ])
})

test('every command of ours names the fleet as the report was asked for', () => {
  const fleetFlags = ['--file', "o'clock", '--env', 'production', '--state', '/var/lib/s.db']
  expect(commandsOf({ fleetFlags, controller: undefined })?.[1]).toBe(
    `reconcile --only Process/keyless --file 'o'\\''clock' --env production --state /var/lib/s.db`,
  )
})

test('PM2 is asked in the home of the fleet, by whatever `pm2` there is', () => {
  const status = seen('Process/a', { health: 'Unknown', reason: 'DaemonUnresponsive', message: 'no answer' })
  const pm2 = { home: '/srv/pm2', program: ['node', '/opt/pm2/bin/pm2'] }
  expect(commandsOf({ pm2 }, status)).toEqual([
    'PM2_HOME=/srv/pm2 node /opt/pm2/bin/pm2 ping',
    'PM2_HOME=/srv/pm2 node /opt/pm2/bin/pm2 kill',
    'reconcile',
  ])
})

test('what two vendors refuse is told of each by its name, with the variable that it takes', () => {
  const blind = (id: string) =>
    seen(id, { health: 'Unknown', reason: 'CredentialsMissing', message: 'no token' })
  const tokens = { github: 'ACME_TOKEN', netlify: 'NETLIFY_AUTH_TOKEN' }
  const { recommendations } = buildReport(
    inputOf([blind('Workflow/a'), blind('FunctionSet/b')], { surroundings: surroundingsOf({ tokens }) }),
  )
  expect(recommendations.map(({ problem, commands }) => `${problem}: ${commands[0]}`).sort()).toEqual([
    'there is no token for GitHub: export ACME_TOKEN=...',
    'there is no token for Netlify: export NETLIFY_AUTH_TOKEN=...',
  ])
})

test('what is invalid is checked where it is declared: the source, not the path in the repository', () => {
  const status = seen('Workflow/ci', { health: 'Degraded', reason: 'FileInvalid', message: 'no' })
  const spec = { repository: 'acme/site', path: '.github/workflows/ci.yml' }
  const cureOf = (extra: object) =>
    buildReport(inputOf([status], { resources: [declared('Workflow/ci', { ...spec, ...extra })] }))
      .recommendations[0]
  expect(cureOf({ source: '../workflows/ci.yml' })?.cure).toContain('Mend ../workflows/ci.yml')
  expect(cureOf({ source: '../workflows/ci.yml' })?.commands[0]).toBe('reconcile check')
  expect(cureOf({})?.cure).toContain('in a checkout of that repository')
  expect(cureOf({})?.commands[0]).toBe('reconcile check --workflow .github/workflows/ci.yml')
})

test('a file that was never valid is not said to hold still, and a receiver in trouble is one', () => {
  const file = '/srv/acme/manifests/new.yaml'
  const diagnostic = {
    severity: 'error' as const,
    code: 'syntax',
    message: 'Expected a value',
    position: { file, line: 2, column: 1 },
    excerpt: undefined,
    length: 1,
    hint: undefined,
  }
  const { recommendations } = buildReport(
    inputOf([seen('Process/a')], {
      diagnostics: [diagnostic],
      standIns: new Set(),
      untold: new Map([['chat', 'all: it answered with 404']]),
    }),
  )
  expect(recommendations.find(({ reason }) => reason === 'ManifestBroken')?.cure).toContain(
    'Nothing stands in for it',
  )
  expect(recommendations.find(({ reason }) => reason === 'ReceiverUnreachable')).toMatchObject({
    observed: 'all: it answered with 404',
    commands: ['reconcile alert test Receiver/chat', 'reconcile events Receiver/chat'],
  })
})

test('a finding has its code, its file and what helps, and says once how grave it is', () => {
  const set = seen('ScriptSet/site', {
    health: 'Degraded',
    reason: 'Unresolved',
    message: '1 script does not resolve',
    children: [
      {
        name: 'build',
        health: 'Degraded',
        message: 'error: there is no file scripts/build.mjs',
        details: { level: 'error', findings: 'MissingFile', lowersHealth: true },
      },
    ],
  })
  const resources = [declared('ScriptSet/site', { package: '../package.json' })]
  const [finding] = buildReport(inputOf([set], { resources })).findings
  expect(finding).toMatchObject({
    severity: 'error',
    code: 'MissingFile',
    message: 'there is no file scripts/build.mjs',
    file: 'package.json',
    hint: 'Correct the path, or bring the file back.',
  })
})

test.each([
  ['/healthz', 'curl -i http://127.0.0.1:3000/healthz'],
  ['/healthz?full;touch$(IFS)/tmp/x', "curl -i 'http://127.0.0.1:3000/healthz?full;touch$(IFS)/tmp/x'"],
  ["/a?b='c'&d=1", "curl -i 'http://127.0.0.1:3000/a?b='\\''c'\\''&d=1'"],
])('the probe of %s is one word for the shell that it is typed into', (path, typed) => {
  const resource = { ...declared('Process/x'), spec: { health: { http: { port: 3000, path } } } }
  const surroundings = surroundingsOf()
  const status = seen('Process/x', { health: 'Degraded', reason: 'ProbeFailed', message: 'why' })
  const cure = prescriptionFor(
    'Process',
    'ProbeFailed',
  )?.({ id: resource.id, status, resource, surroundings })
  const [first] = cure?.commands ?? []
  expect(first && commandText(first, surroundings)).toBe(typed)
})
