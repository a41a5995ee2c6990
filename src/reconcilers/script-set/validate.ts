import { stat } from 'node:fs/promises'
import { type Duration, formatDuration, parseDuration } from '../../core/duration.ts'
import type { Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import { parsePackage } from './package-json/package-file.ts'
import { packagePathOf } from './place.ts'
import { machineDisk } from './resolve/disk.ts'
import { findingOfHabit } from './resolve/habit-finding.ts'
import { scriptLike } from './resolve/script-target.ts'
import type { ScriptSetSpec } from './spec.generated.ts'

type Declared = Resource<ScriptSetSpec>

/** Shorter pauses than this are a loop, and longer runs than a day are no check. */
const bounds = Object.freeze({
  every: { least: 1_000, most: 365 * 86_400_000 },
  timeout: { least: 100, most: 86_400_000 },
})

/** What the schema cannot say of a ScriptSet. Looks at the package.json, writes nothing. */
export async function validateScriptSet(desired: Declared, report: Report): Promise<void> {
  checkDurations(desired, report)
  checkFallbacks(desired, report)
  await checkTexts(desired, report)
  await checkPackage(desired, report)
}

function checkDurations({ spec }: Declared, report: Report): void {
  for (const [script, check] of Object.entries(spec.checks ?? {})) {
    for (const field of ['every', 'timeout'] as const) {
      const text = check[field]
      const duration = parseDuration(text ?? '')
      const { least, most } = bounds[field]
      if (text === undefined || duration === undefined || (duration >= least && duration <= most)) continue
      report({
        severity: 'error',
        code: 'script-set-duration',
        path: pointer('checks', script, field),
        message: `Expected ${field} to be ${range(least, most)}, got ${text}`,
      })
    }
  }
}

function range(least: Duration, most: Duration): string {
  return `from ${formatDuration(least)} to ${formatDuration(most)}`
}

function checkFallbacks({ spec }: Declared, report: Report): void {
  for (const [script, names] of Object.entries(spec.fallbacks ?? {})) {
    if (!names.includes(script)) continue
    report({
      severity: 'error',
      code: 'script-set-fallback-self',
      path: pointer('fallbacks', script),
      message: `Expected the fallbacks of ${script} to be other scripts, got itself`,
      hint: `To try it again, write retries: { ${script}: 1 }.`,
    })
  }
}

/** A text that is written into package.json is held to more than what is found there: it must not hide a failure. */
async function checkTexts({ spec }: Declared, report: Report): Promise<void> {
  const texts = Object.entries(spec.scripts ?? {})
  if (texts.length === 0) return
  const { readCommandLine } = await import('./shell/command-line.ts')
  for (const [script, text] of texts) {
    const { fault, habits } = readCommandLine({ text, folder: '.' })
    const path = pointer('scripts', script)
    if (fault !== undefined) {
      const message = `Expected scripts.${script} to be a command, got a text that the shell cannot read: ${fault}`
      report({ severity: 'error', code: 'script-set-syntax', path, message })
    }
    for (const habit of habits.filter(({ type }) => type === 'masks'))
      report({
        severity: 'warning',
        code: 'script-set-masks-failure',
        path,
        message: `scripts.${script} hides a failure: ${findingOfHabit(habit).message}`,
        hint: 'Let it fail, and name what is to run in its place under `fallbacks`.',
      })
  }
}

async function checkPackage(desired: Declared, report: Report): Promise<void> {
  const path = packagePathOf(desired)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) {
    // What cannot be read is told by the pass, which has the place of the fault.
    const reading = parsePackage(await machineDisk.read(path))
    if (reading.type === 'package') checkNames(desired, reading.file.scripts, report)
    return
  }
  report({
    severity: 'error',
    code: 'script-set-package-missing',
    path: '/spec/package',
    message: `Expected package to be a file, got ${desired.spec.package}: ${found ? 'it is something else' : 'there is none'}`,
  })
}

function checkNames({ spec }: Declared, scripts: ReadonlyMap<string, string>, report: Report): void {
  const tell = (field: string, name: string, path: string) => {
    if (scripts.has(name) || Object.hasOwn(spec.scripts ?? {}, name)) return
    const like = scriptLike(name, scripts)
    report({
      severity: 'warning',
      code: 'script-set-unknown-script',
      path,
      message: `Expected ${field} to name a script of ${spec.package}, got ${name}, which it does not have`,
      ...(like !== undefined && { hint: `Did you mean ${like}?` }),
    })
  }
  for (const [index, name] of (spec.required ?? []).entries())
    tell('required', name, pointer('required', String(index)))
  for (const field of ['checks', 'retries', 'fallbacks'] as const)
    for (const name of Object.keys(spec[field] ?? {})) tell(field, name, pointer(field, name))
  for (const [script, names] of Object.entries(spec.fallbacks ?? {}))
    for (const [index, name] of names.entries())
      tell(`the fallbacks of ${script}`, name, pointer('fallbacks', script, String(index)))
}

function pointer(...names: readonly string[]): string {
  const escaped = names.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1'))
  return `/spec/${escaped.join('/')}`
}
