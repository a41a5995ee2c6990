import { dirname, resolve } from 'node:path'
import { displayPath } from '../../names.ts'
import {
  type Ailment,
  describe,
  logs,
  only,
  type Prescribe,
  type Prescriptions,
  placeOf,
  textOf,
} from '../ailment.ts'
import { reconcile } from '../command.ts'

/** The package.json as a person finds it where he is; the manifest names it from its own folder. */
function packageOf(ailment: Ailment): string {
  const declared = textOf(ailment, 'package')
  const { resource, surroundings } = ailment
  if (declared === undefined || !resource) return 'its package.json'
  return displayPath(resolve(dirname(resource.origin.file), declared), surroundings.workingDirectory)
}

const noPackage: Prescribe = (ailment) => ({
  problem: `${packageOf(ailment)} of ${ailment.id} cannot be read`,
  cure: `Put it there, mend it, or correct \`package\` in ${placeOf(ailment, 'package')}.`,
  commands: [reconcile('check'), only(ailment)],
})

/** Names of scripts that do not exist, or that do not work, in the order in which they are told. */
const troubled = ({ status }: Ailment) =>
  status.children
    .filter(({ health }) => health === 'Missing' || health === 'Degraded')
    .map(({ name }) => name)

const missing =
  (field: string, what: string): Prescribe =>
  (ailment) => ({
    problem: `${ailment.id} lacks a script that ${what}`,
    cure: `Write it in ${packageOf(ailment)}, give it in full under \`scripts\`, or take it out of \`${field}\` in ${placeOf(ailment, field)}.`,
    commands: [describe(ailment), only(ailment)],
  })

/** For ScriptSets, by the reason that was observed. */
export const scriptSetCures: Prescriptions = Object.freeze({
  PackageMissing: noPackage,
  PackageUnreadable: noPackage,
  ScriptMissing: noPackage,
  RequiredScriptMissing: missing('required', 'is required'),
  CheckedScriptMissing: missing('checks', 'is to be checked'),
  FallbackMissing: missing('fallbacks', 'is named as a fallback'),
  NamedScriptMissing: (ailment) => ({
    problem: `${ailment.id} names a script that does not exist`,
    cure: `The message names it. Write it in ${packageOf(ailment)}, or correct its name in ${placeOf(ailment)}.`,
    commands: [describe(ailment), only(ailment)],
  }),
  NotRestored: (ailment) => ({
    problem: `scripts of ${ailment.id} are not as declared, and ${packageOf(ailment)} may not be edited`,
    cure: `The message says what stands against it: do away with that, or take the texts out of \`scripts\` in ${placeOf(ailment, 'scripts')}.`,
    commands: [describe(ailment), only(ailment)],
  }),
  Unresolved: (ailment) => ({
    problem:
      troubled(ailment).length === 1
        ? `a script of ${ailment.id} cannot work: what it runs is not there`
        : `scripts of ${ailment.id} cannot work: what they run is not there`,
    cure: `Mend this in ${packageOf(ailment)}, or install what they need; the description names each with what it lacks.`,
    commands: [describe(ailment), only(ailment)],
  }),
  PathUnreadable: (ailment) => ({
    problem: `what scripts of ${ailment.id} run could not be looked at`,
    cure: 'The message names it, and why. Correct its permissions, or the link that leads round in a circle.',
    commands: [describe(ailment), only(ailment)],
  }),
  CheckFailed: (ailment) => {
    const [first] = ailment.status.children
      .filter(({ health, details }) => health === 'Degraded' && details.lastRun !== undefined)
      .map(({ name }) => name)
    return {
      problem: `a check of ${ailment.id} fails`,
      cure: 'What it printed says why. Once it is mended, run it by hand; the next check, when it is due, says so too.',
      commands: [logs(ailment), ...(first === undefined ? [] : [reconcile('run', first)])],
    }
  },
})
