import { constants, type Stats, statSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { callerEnvironment } from '../../clients/host/caller-env.ts'
import { cronFault } from '../../clients/pm2/cron-pattern.ts'
import { findProgram } from '../../clients/pm2/daemon/program-path.ts'
import { parseDuration } from '../../core/duration.ts'
import type { Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import { parseSize } from '../../core/size.ts'
import { baseEnvironment } from './base-env.ts'
import { optionBehind } from './option-variables.ts'
import { defaultInterpreterOf, folderOf, isProgram } from './place.ts'
import { processKindOf } from './process-kind.ts'
import type { ProcessSpec } from './spec.generated.ts'

type Declared = Resource<ProcessSpec>

/** What the schema cannot say of a Process. Looks at files, writes nothing. */
export async function validateProcess(desired: Declared, report: Report): Promise<void> {
  checkName(desired, report)
  checkMode(desired, report)
  checkDurations(desired, report)
  checkCron(desired, report)
  checkEnv(desired, report)
  checkHealth(desired, report)
  checkWatch(desired, report)
  const path = desired.spec.env?.PATH
  const searchPath = () => (typeof path === 'string' ? path : baseEnvironment(callerEnvironment()).PATH)
  await checkFiles(desired, report, searchPath)
}

function checkName(desired: Declared, report: Report): void {
  const name = desired.spec.name ?? desired.name
  const path = desired.spec.name === undefined ? '/metadata/name' : '/spec/name'
  const hint = 'choose another name, or give the one in PM2 as spec.name'
  const refuse = (message: string) =>
    report({ severity: 'error', code: 'process-name-ambiguous', path, message, hint })
  if (name === 'all') refuse('Expected a name other than "all": for PM2 that is every process')
  else if (/^[0-9]+$/.test(name)) {
    refuse(`Expected a name that is not a number, got "${name}": PM2 takes it for the number of a process`)
  } else if (name === 'null') {
    refuse('Expected a name other than "null": PM2 takes that value for "remove the field"')
  } else if (/^\s|\s$/.test(name)) {
    refuse(`Expected a name without white space at its ends, got "${name}"`)
  } else if (name.startsWith('-')) {
    refuse(
      `Expected a name that does not begin with "-", got "${name}": PM2's command takes it for an option`,
    )
  } else if (name === desired.spec.namespace) {
    report({
      severity: 'warning',
      code: 'process-name-is-namespace',
      path: '/spec/namespace',
      message: `The namespace has the name of the process, "${name}": \`pm2 delete ${name}\` by hand then means either`,
      hint: 'give the namespace another name',
    })
  }
}

function checkMode(desired: Declared, report: Report): void {
  const { spec } = desired
  if (spec.mode !== 'cluster') return
  const interpreter = spec.interpreter ?? defaultInterpreterOf({ script: spec.script })
  if (/(^|\/)node$/.test(interpreter)) return
  report({
    severity: 'error',
    code: 'process-cluster-needs-node',
    path: spec.interpreter === undefined ? '/spec/script' : '/spec/interpreter',
    message: `Expected a Node program in cluster mode, got ${spec.script} run by ${interpreter}: PM2's cluster is Node's own`,
    hint: 'use mode: fork, or interpreter: node',
    restsOn: ['/spec/mode', '/spec/interpreter', '/spec/script'],
  })
}

/** Zeros that a PM2 daemon takes for its default, by its lib/God/Methods.js and lib/God.js (`x ? x : default`). */
const zeroIsDefault = Object.freeze({ killTimeout: '1600ms', listenTimeout: '3s' })

const durationFields = [
  'minUptime',
  'restartDelay',
  'expBackoffRestartDelay',
  'killTimeout',
  'listenTimeout',
] as const

/** Milliseconds: 2^31 - 1, the longest that a timer of Node can be. */
const longestTimer = 2 ** 31 - 1

function checkDurations(desired: Declared, report: Report): void {
  const { spec } = desired
  for (const [field, fallback] of Object.entries(zeroIsDefault)) {
    const text = spec[field as keyof typeof zeroIsDefault]
    if (text === undefined || parseDuration(text) !== 0) continue
    report({
      severity: 'error',
      code: 'process-zero-not-honoured',
      path: `/spec/${field}`,
      message: `Expected ${field} to be at least 1ms, got ${text}: PM2 takes 0 for its default of ${fallback}`,
      hint: `leave ${field} out, or give the shortest time that you can accept`,
    })
  }
  for (const field of durationFields) {
    const text = spec[field]
    const value = text === undefined ? undefined : parseDuration(text)
    if (text === undefined || (value !== undefined && value <= longestTimer)) continue
    report({
      severity: 'error',
      code: 'process-duration-too-long',
      path: `/spec/${field}`,
      message: `Expected ${field} to be at most 24d, got ${text}: a longer timer of Node fires at once`,
    })
  }
  if (spec.maxMemory !== undefined && parseSize(spec.maxMemory) === 0) {
    report({
      severity: 'error',
      code: 'process-zero-not-honoured',
      path: '/spec/maxMemory',
      message: `Expected maxMemory to be at least 1K, got ${spec.maxMemory}: every process uses more, and would be restarted for ever`,
      hint: 'leave maxMemory out for no limit',
    })
  }
  for (const field of ['interval', 'timeout'] as const) {
    const text = spec.health?.[field]
    const least = field === 'interval' ? 100 : 1
    const value = text === undefined ? undefined : parseDuration(text)
    if (value === undefined || value >= least) continue
    report({
      severity: 'error',
      code: 'process-probe-too-quick',
      path: `/spec/health/${field}`,
      message: `Expected health.${field} to be at least ${least}ms, got ${text}`,
    })
  }
}

const nicknames: Readonly<Record<string, string>> = Object.freeze({
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
})

function checkCron(desired: Declared, report: Report): void {
  const { cron } = desired.spec
  if (cron === undefined) return
  const fault = cronFault(cron)
  if (fault === undefined) return
  const meant = nicknames[cron.trim().toLowerCase()]
  report({
    severity: 'error',
    code: 'process-cron-invalid',
    path: '/spec/cron',
    message: `Expected a cron expression that PM2 understands and that can fire: ${fault}`,
    hint: meant ? `write "${meant}"; PM2 knows no names such as ${cron}` : 'such as "*/10 * * * *"',
  })
}

function checkEnv(desired: Declared, report: Report): void {
  for (const [key, value] of Object.entries(desired.spec.env ?? {})) {
    const path = `/spec/env/${key}`
    const option = optionBehind(key)
    if (option) {
      report({
        severity: 'error',
        code: 'process-env-is-pm2-option',
        path,
        message: `Expected a variable that PM2 does not take for its own, got ${key}: ${option}`,
        hint: 'give the variable another name; PM2 lays the environment over its own record of the process',
      })
    }
    if (typeof value === 'string' && value.includes('\0')) {
      report({
        severity: 'error',
        code: 'process-env-not-text',
        path,
        message: `Expected ${key} to hold no NUL character: no environment can`,
      })
    }
    if (value === '[object Object]') {
      report({
        severity: 'error',
        code: 'process-env-not-text',
        path,
        message: `Expected ${key} to hold something other than "[object Object]": PM2 drops that very text`,
      })
    }
  }
}

function checkHealth(desired: Declared, report: Report): void {
  const { health } = desired.spec
  if (!health) return
  const probes = (['http', 'tcp', 'exec'] as const).filter((probe) => health[probe] !== undefined)
  if (probes.length !== 1) {
    report({
      severity: 'error',
      code: 'process-probe-count',
      path: '/spec/health',
      message: `Expected exactly one of http, tcp and exec, got ${probes.length === 0 ? 'none' : probes.join(' and ')}`,
    })
  }
  if (processKindOf(desired.spec) === 'daemon') return
  report({
    severity: 'error',
    code: 'process-probe-on-job',
    path: '/spec/health',
    message: 'Expected health only on a process that keeps running: a job is judged by its exit code',
    hint: 'remove health, or autorestart: false',
    restsOn: ['/spec/autorestart', '/spec/cron'],
  })
}

function checkWatch(desired: Declared, report: Report): void {
  const { spec } = desired
  if (spec.watchIgnore !== undefined && (spec.watch ?? false) === false) {
    report({
      severity: 'warning',
      code: 'process-watch-ignore-alone',
      path: '/spec/watchIgnore',
      message: 'watchIgnore does nothing without watch',
      restsOn: ['/spec/watch'],
    })
  }
}

async function checkFiles(desired: Declared, report: Report, searchPath: () => string): Promise<void> {
  const folder = folderOf(desired)
  const { script, cwd, interpreter } = desired.spec
  if (cwd !== undefined) {
    const path = resolve(folder, cwd)
    const found = statsOf(path)
    if (!found?.isDirectory()) {
      warnMissing(
        report,
        '/spec/cwd',
        `The working folder ${cwd} ${found ? 'is not a folder' : 'does not exist'}`,
      )
    }
  }
  if (!isProgram(script)) {
    const found = statsOf(resolve(folder, script))
    if (!found?.isFile()) {
      warnMissing(
        report,
        '/spec/script',
        `The script ${script} ${found ? 'is not a file' : 'does not exist'}`,
      )
    }
  } else if (!(await findProgram(script, searchPath()))) {
    const isBeside = statsOf(join(folder, script))
    warnMissing(
      report,
      '/spec/script',
      `No program ${script} is on PATH`,
      isBeside
        ? `write ./${script} for the file beside the manifest: without a slash it is looked for on PATH`
        : undefined,
    )
  }
  if (interpreter !== undefined && interpreter !== 'none') {
    const isThere = isProgram(interpreter)
      ? await findProgram(interpreter, searchPath())
      : await access(resolve(folder, interpreter), constants.X_OK).then(
          () => interpreter,
          () => undefined,
        )
    if (!isThere) warnMissing(report, '/spec/interpreter', `No interpreter ${interpreter} is there`)
  }
}

/** Without Node's pool of threads, which takes ten times as long. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function warnMissing(report: Report, path: string, message: string, hint?: string): void {
  report({
    severity: 'warning',
    code: 'process-file-missing',
    path,
    message,
    hint: hint ?? 'nothing is started until it is there',
  })
}
