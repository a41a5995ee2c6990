import { join } from 'node:path'
import { parseDuration } from '../../core/duration.ts'
import type { Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import type { Directory } from './directory.ts'
import type { NetlifyToml } from './netlify-toml.ts'
import { directoryOf, usualPathOf } from './place.ts'
import type { FunctionSetSpec } from './spec.generated.ts'
import { textOf } from './validate-sources.ts'
import { verifyTimeouts } from './verify-timeouts.ts'

/** Requests to functions that are not there, and with bounds that no reading keeps. */
export function checkVerify(
  { spec }: Resource<FunctionSetSpec>,
  directory: Directory | undefined,
  report: Report,
): void {
  for (const [index, request] of (spec.verify ?? []).entries()) {
    const path = `/spec/verify/${index}`
    if (directory && !directory.functions.some(({ name }) => name === request.function)) {
      report({
        severity: 'error',
        code: 'function-set-unknown-function',
        path: `${path}/function`,
        message: `verify names ${request.function}, and the directory holds no such function`,
      })
    }
    const timeout = parseDuration(request.timeout ?? '')
    if (timeout !== undefined && (timeout > verifyTimeouts.longest || timeout === 0)) {
      report({
        severity: 'error',
        code: 'function-set-verify-timeout',
        path: `${path}/timeout`,
        message: `Expected timeout to be from 1ms to 15s, got ${request.timeout}`,
      })
    }
  }
  if (spec.rollbackOnFailedVerify === true && (spec.verify ?? []).length === 0) {
    report({
      severity: 'warning',
      code: 'function-set-rollback-without-verify',
      path: '/spec/rollbackOnFailedVerify',
      message: 'rollbackOnFailedVerify does nothing without verify',
    })
  }
}

/**
 * Requests that Netlify answers otherwise than one who wrote them thinks: they would fail for ever, and take a good deploy
 * back where that is declared.
 */
export async function checkAddresses(
  { spec, ...desired }: Resource<FunctionSetSpec>,
  given: {
    readonly directory: Directory
    readonly toml: NetlifyToml | undefined
    readonly report: Report
  },
): Promise<void> {
  const { directory, toml, report } = given
  const requests = spec.verify ?? []
  if (requests.length === 0) return
  const { hasPathInSource, scheduleInSource } = await import('./source-schedule.ts')
  for (const [index, request] of requests.entries()) {
    const found = directory.functions.find(({ name }) => name === request.function)
    if (!found) continue
    const { name } = found
    const say = (message: string, hint: string) =>
      report({
        severity: 'warning',
        code: 'function-set-verify-address',
        path: `/spec/verify/${index}`,
        message,
        hint,
      })
    const text = textOf(join(directoryOf({ spec, ...desired }), found.file))
    const schedule = spec.schedules?.[name] ?? toml?.config[name]?.schedule ?? scheduleInSource(text)
    const isAskedAsUsual = (request.path ?? usualPathOf(name)) === usualPathOf(name)
    if (schedule !== undefined) {
      say(
        `verify asks ${name}, which runs on a schedule: Netlify answers no request to it`,
        'Remove the request.',
      )
    } else if (name.endsWith('-background') && (request.status ?? 200) !== 202) {
      say(
        `verify expects ${request.status ?? 200} of ${name}: Netlify answers 202 for a function in the background, whatever becomes of it`,
        'Write `status: 202`, or remove the request.',
      )
    } else if (isAskedAsUsual && hasPathInSource(text)) {
      say(
        `verify asks ${usualPathOf(name)}, and ${name} has a \`path\` of its own: Netlify serves it there alone`,
        'Give that as `path` of the request.',
      )
    }
  }
}
