import type { Site, SiteFile } from '../../../clients/netlify/client.ts'
import type { Deploy } from '../../../clients/netlify/deploy-record.ts'
import type { ImportNotice } from '../../../core/import.ts'
import { obstaclesTo } from '../carry.ts'
import type { Directory } from '../directory.ts'
import { type NetlifyToml, vainEntriesOf } from '../netlify-toml.ts'
import { faultOfSchedule } from '../schedule.ts'
import { named } from '../title.ts'

/** A site as it was read, with the project here that holds its functions. */
export interface Found extends Directory {
  readonly input: string
  readonly site: Site
  readonly published: Deploy | undefined
  readonly files: readonly SiteFile[]
  /** Names of the site's environment variables; a text: why they could not be read. */
  readonly variables: readonly string[] | string
  /** Absolute. */
  readonly directory: string
  /** Undefined: the project has none. */
  readonly toml: NetlifyToml | undefined
  /** What netlify.toml says, as far as Netlify would take it. */
  readonly schedules: Readonly<Record<string, string>>
  readonly badSchedules: readonly (readonly [name: string, cron: string])[]
  /** What sources give in so many words, by name. */
  readonly sourceSchedules: ReadonlyMap<string, string>
  readonly hasEdgeFunctions: boolean
}

/** What the manifest does not carry over, and what it means as it stands. */
export function noticesOf(found: Found): readonly ImportNotice[] {
  return [
    ...functionNotices(found),
    ...scheduleNotices(found),
    ...tomlNotices(found),
    ...variableNotices(found),
    ...ruleNotices(found),
    ...publishingNotices(found),
  ].map((told) => ({ file: found.input, line: undefined, ...told }))
}

/** What `check` calls an error. */
const whileSo = 'nothing is deployed while that is so'

/** Where nothing else is said it is about what was asked for. */
type Told = Pick<ImportNotice, 'code' | 'message'> & Partial<ImportNotice>

/** A place in netlify.toml. */
function placeIn(toml: NetlifyToml | undefined, path: readonly string[]): Partial<ImportNotice> {
  if (!toml) return {}
  const { offset } = toml.placeOf(path)
  return { file: toml.path, line: toml.text.slice(0, offset).split('\n').length }
}

function functionNotices({ published, functions, problems, passedOver }: Found): readonly Told[] {
  const there = (published?.functions ?? []).map(({ name }) => name)
  const names = functions.map(({ name }) => name)
  const told: Told[] = problems.map((problem) => ({
    code: 'import-netlify-names',
    message: `${problem}; ${whileSo}`,
  }))
  const withoutFile = there.filter((name) => !names.includes(name))
  if (withoutFile.length > 0) {
    const message = `on the site and not in the directory: ${named(withoutFile)}; they stay (\`unmanaged: keep\`)`
    told.push({ code: 'import-netlify-no-file', message })
  }
  const isNew = names.filter((name) => !there.includes(name))
  if (isNew.length > 0) {
    const message = `in the directory and not on the site: ${named(isNew)}; a pass deploys them`
    told.push({ code: 'import-netlify-not-published', message })
  }
  if (passedOver.length > 0) {
    const message = `${passedOver.join(', ')}: only functions with a source in JavaScript or TypeScript are deployed`
    told.push({ code: 'import-netlify-passed-over', message })
  }
  return told
}

function scheduleNotices(found: Found): readonly Told[] {
  const { published, functions, toml, schedules, badSchedules, sourceSchedules } = found
  const told: Told[] = badSchedules.map(([name, cron]) => ({
    code: 'import-netlify-schedule',
    message: `the schedule of ${name} in netlify.toml was left out: ${faultOfSchedule(cron)}; ${whileSo}`,
    ...placeIn(toml, ['functions', name, 'schedule']),
  }))
  for (const [name, cron] of sourceSchedules) {
    const fault = schedules[name] === undefined ? faultOfSchedule(cron) : undefined
    if (fault === undefined) continue
    const message = `the schedule of ${name} in its source cannot be used: ${fault}; ${whileSo}`
    told.push({ code: 'import-netlify-schedule', message })
  }
  const names = new Set(functions.map(({ name }) => name))
  const others = [...(published?.schedules ?? [])].filter(
    ([name]) => names.has(name) && schedules[name] === undefined,
  )
  for (const [name, cron] of others) {
    const own = sourceSchedules.get(name)
    if (own === cron) continue
    const message =
      own === undefined
        ? `the site runs ${name} at "${cron}", and netlify.toml does not say so; where its source does not either, give it in \`schedules\`, or the next deploy ends it`
        : `the site runs ${name} at "${cron}", and its source says "${own}", which counts from the next deploy on`
    told.push({ code: 'import-netlify-schedule', message })
  }
  return told
}

/** What netlify.toml says of no function, or in a form that nobody reads. */
function tomlNotices({ toml, functions }: Found): readonly Told[] {
  if (!toml) return []
  const names = new Set(functions.map(({ name }) => name))
  const { unread, withoutFile } = vainEntriesOf(toml, names)
  const forms = unread.map(
    ({ form, path }): Told => ({
      code: 'import-netlify-schedule',
      message: `${form} is a schedule in a form that Netlify does not read; it was left out`,
      ...placeIn(toml, path),
    }),
  )
  const lost = withoutFile.map(
    (name): Told => ({
      code: 'import-netlify-toml-names',
      message: `netlify.toml has settings for the function ${name}, which has no file; they were left out`,
      ...placeIn(toml, ['functions', name]),
    }),
  )
  return [...forms, ...lost]
}

function variableNotices({ variables }: Found): readonly Told[] {
  if (typeof variables === 'string') {
    return [
      { code: 'import-netlify-env', message: `the variables of the site could not be read: ${variables}` },
    ]
  }
  if (variables.length === 0) return []
  const list = [...variables].sort().join(', ')
  const message = `the site has the variables ${list}; they stay as they are, and those to be managed are given in \`env\``
  return [{ code: 'import-netlify-env', message }]
}

function ruleNotices({ published, files, hasEdgeFunctions }: Found): readonly Told[] {
  const told = obstaclesTo({ published, files, kept: [], mayLoseUnknown: true }).map(
    (obstacle): Told => ({
      code: 'import-netlify-not-carried',
      message: `${obstacle}; ${whileSo}`,
    }),
  )
  if (!hasEdgeFunctions) return told
  const message =
    'netlify/edge-functions are not deployed by this program: only the site’s own build does that'
  return [...told, { code: 'import-netlify-not-carried', message }]
}

function publishingNotices({ site, published }: Found): readonly Told[] {
  const told: Told[] = []
  if (site.repository !== undefined) {
    const message = `the site is linked to ${site.repository}: it is only observed until \`via\` is given`
    told.push({ code: 'import-netlify-linked', message })
  }
  if (site.refusesOtherDeploys) {
    const message =
      'the site takes no deploys but those of its repository (`prevent_non_git_prod_deploys`): nothing can be deployed'
    told.push({ code: 'import-netlify-git-only', message })
  }
  if (published?.isLocked) {
    const message = `deploy ${published.id} is locked: nothing newer is published until somebody unlocks it`
    told.push({ code: 'import-netlify-locked', message })
  }
  return told
}
