import { join } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import type { FaultyFile, Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import type { Directory } from './directory.ts'
import { type NetlifyToml, NetlifyTomlInvalid, readNetlifyToml, vainEntriesOf } from './netlify-toml.ts'
import { directoryOf } from './place.ts'
import { projectRootOf } from './project.ts'
import { faultOfSchedule } from './schedule.ts'
import type { FunctionSetSpec } from './spec.generated.ts'

/** Where the directory comes from: what cannot be told of a place in netlify.toml is told there. */
const path = '/spec/directory'

/**
 * What netlify.toml says that nobody would notice: names without a file, and schedules that Netlify does not read, or
 * does not take. Resolves to what it says; undefined: there is none, or it cannot be read.
 */
export async function checkToml(
  desired: Resource<FunctionSetSpec>,
  directory: Directory,
  report: Report,
): Promise<NetlifyToml | undefined> {
  const root = await projectRootOf(directoryOf(desired))
  let toml: NetlifyToml | undefined
  try {
    toml = await readNetlifyToml(root)
  } catch (error) {
    reportInvalid(join(root, 'netlify.toml'), error, report)
    return undefined
  }
  if (toml) checkEntries(toml, { desired, directory, report })
  return toml
}

function reportInvalid(file: string, error: unknown, report: Report): void {
  const fault = { severity: 'error', code: 'function-set-toml-invalid', path } as const
  if (!(error instanceof NetlifyTomlInvalid)) {
    report({ ...fault, message: `Could not read netlify.toml: ${messageOf(error)}` })
    return
  }
  const { text, line, column } = error
  const offset =
    text
      .split('\n')
      .slice(0, line - 1)
      .join('\n').length +
    (line > 1 ? 1 : 0) +
    column -
    1
  const message = messageOf(error).replace(file, 'netlify.toml')
  report({ ...fault, message, within: { file, text, offset, length: 1 } })
}

function checkEntries(
  toml: NetlifyToml,
  given: {
    readonly desired: Resource<FunctionSetSpec>
    readonly directory: Directory
    readonly report: Report
  },
): void {
  const { desired, directory, report } = given
  const at = (...keys: readonly string[]): FaultyFile => ({
    file: toml.path,
    text: toml.text,
    ...toml.placeOf(keys),
  })
  const names = new Set(directory.functions.map(({ name }) => name))
  const { unread, withoutFile } = vainEntriesOf(toml, names)
  for (const { form, path: keys } of unread) {
    report({
      severity: 'warning',
      code: 'function-set-toml-schedule',
      path,
      message: `${form} is a schedule in a form that Netlify does not read`,
      hint: 'Write [functions."name"] with schedule = "0 4 * * *".',
      within: at(...keys),
    })
  }
  for (const name of withoutFile) {
    report({
      severity: 'warning',
      code: 'function-set-toml-names',
      path,
      message: `netlify.toml has settings for the function ${name}, and ${desired.spec.directory} holds none of that name`,
      within: at('functions', name),
    })
  }
  for (const [name, { schedule }] of Object.entries(toml.config)) {
    // What the manifest says goes before.
    if (typeof schedule !== 'string' || desired.spec.schedules?.[name] !== undefined) continue
    const fault = faultOfSchedule(schedule)
    if (fault === undefined) continue
    report({
      severity: 'error',
      code: 'function-set-schedule-invalid',
      path,
      message: `The schedule of ${name} cannot be used: ${fault}`,
      within: name === '*' ? at('functions', 'schedule') : at('functions', name, 'schedule'),
    })
  }
}
