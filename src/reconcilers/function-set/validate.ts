import { readFile } from 'node:fs/promises'
import type { Bounds, Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import { type Directory, listDirectory, unreadableDirectory } from './directory.ts'
import { namesInInventory } from './inventory.ts'
import { directoryOf, inventoryOf } from './place.ts'
import { faultOfSchedule } from './schedule.ts'
import type { FunctionSetSpec } from './spec.generated.ts'
import { named } from './title.ts'
import { checkLinks } from './validate-links.ts'
import { checkSources } from './validate-sources.ts'
import { checkToml } from './validate-toml.ts'
import { checkAddresses, checkVerify } from './validate-verify.ts'

/** What the schema cannot say of a FunctionSet. Looks at files, writes nothing. */
export async function validateFunctionSet(
  desired: Resource<FunctionSetSpec>,
  report: Report,
  bounds: Bounds,
): Promise<void> {
  const directory = await checkDirectory(desired, report)
  checkSchedules(desired, directory, report)
  checkVerify(desired, directory, report)
  // What lies elsewhere is not read, so that nothing of it is shown.
  if (!directory || !(await checkLinks(desired, directory, { report, bounds }))) return
  const toml = await checkToml(desired, directory, report)
  await checkSources(desired, directory, report)
  await checkAddresses(desired, { directory, toml, report })
  await checkInventory(desired, directory, report)
}

async function checkDirectory(
  desired: Resource<FunctionSetSpec>,
  report: Report,
): Promise<Directory | undefined> {
  const path = directoryOf(desired)
  const { include, exclude } = desired.spec
  let listed: Directory
  try {
    listed = await listDirectory(path, { include, exclude })
  } catch (error) {
    report({
      severity: 'error',
      code: 'function-set-directory-missing',
      path: '/spec/directory',
      message: unreadableDirectory(desired.spec.directory, error),
    })
    return undefined
  }
  for (const problem of listed.problems) {
    report({ severity: 'error', code: 'function-set-names', path: '/spec/directory', message: problem })
  }
  if (listed.passedOver.length > 0) {
    report({
      severity: 'warning',
      code: 'function-set-passed-over',
      path: '/spec/directory',
      message: `${listed.passedOver.join(', ')}: functions are deployed from their source in JavaScript or TypeScript, and nothing else is`,
      hint: 'What is on the site by that name stays as it is. Exclude it by name to say that this is meant.',
    })
  }
  if (listed.functions.length === 0 && listed.problems.length === 0) {
    report({
      severity: 'warning',
      code: 'function-set-empty',
      path: '/spec/directory',
      message: `The directory ${desired.spec.directory} holds no function`,
    })
  }
  return listed
}

function checkSchedules(
  { spec }: Resource<FunctionSetSpec>,
  directory: Directory | undefined,
  report: Report,
): void {
  const names = directory && new Set(directory.functions.map(({ name }) => name))
  for (const [name, cron] of Object.entries(spec.schedules ?? {})) {
    const path = `/spec/schedules/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const fault = faultOfSchedule(cron)
    if (fault !== undefined) {
      report({
        severity: 'error',
        code: 'function-set-schedule-invalid',
        path,
        message: `The schedule of ${name} cannot be used: ${fault}`,
      })
    }
    if (names && !names.has(name)) {
      report({
        severity: 'error',
        code: 'function-set-unknown-function',
        path,
        message: `schedules names ${name}, and the directory holds no such function`,
      })
    }
  }
}

async function checkInventory(
  desired: Resource<FunctionSetSpec>,
  directory: Directory,
  report: Report,
): Promise<void> {
  const file = inventoryOf(desired)
  if (file === undefined) return
  const path = '/spec/inventory'
  const refuse = (what: string) =>
    report({
      severity: 'error',
      code: 'function-set-inventory-foreign',
      path,
      message: `${desired.spec.inventory} ${what}`,
      hint: 'Correct `inventory`, or remove the file: a pass makes it anew.',
    })
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') refuse(`cannot be read: ${code}`)
    return
  }
  const listed = namesInInventory(text)
  if (!listed) return refuse('is no list of functions, and is not written over')
  const names = new Set(directory.functions.map(({ name }) => name))
  const withoutFile = listed.filter((name) => !names.has(name))
  const withoutName = [...names].filter((name) => !listed.includes(name))
  const say = (message: string) =>
    report({ severity: 'warning', code: 'function-set-inventory-differs', path, message })
  if (withoutFile.length > 0) say(`${desired.spec.inventory} names what has no file: ${named(withoutFile)}`)
  if (withoutName.length > 0) say(`${desired.spec.inventory} lacks what has a file: ${named(withoutName)}`)
}
