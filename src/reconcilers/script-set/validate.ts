import { stat } from 'node:fs/promises'
import { type Duration, formatDuration, parseDuration } from '../../core/duration.ts'
import type { Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import { packagePathOf } from './place.ts'
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

async function checkPackage(desired: Declared, report: Report): Promise<void> {
  const found = await stat(packagePathOf(desired)).catch(() => undefined)
  if (found?.isFile()) return
  report({
    severity: 'error',
    code: 'script-set-package-missing',
    path: '/spec/package',
    message: `Expected package to be a file, got ${desired.spec.package}: ${found ? 'it is something else' : 'there is none'}`,
  })
}

function pointer(...names: readonly string[]): string {
  const escaped = names.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1'))
  return `/spec/${escaped.join('/')}`
}
