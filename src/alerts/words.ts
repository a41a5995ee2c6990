import { type Alert, type Notice, severities, type Trouble } from '../core/alert.ts'
import { fillTemplate, type Placeholder } from '../core/template.ts'
import { keyOf, partsOf, subjectOf } from './troubles.ts'

/** Whose notice it is. */
export interface Sender {
  readonly fleet: string
  readonly environment: string | undefined
}

/** A notice in words. */
export interface Words {
  readonly title: string
  readonly text: string
}

/** Lines of a message: more is not read on a phone. */
const mostLines = 20
/** Characters of a list. Discord takes 2,000 in all: none is to cut off how many more there are. */
const longestList = 1500
/** Of the names of what ended, below that list. */
const longestEnded = 300
const longestLine = 400

/** Says a notice in the alert's own words, or in ours. */
export function say(notice: Notice, alert: Pick<Alert, 'title' | 'text'>, sender: Sender): Words {
  if (notice.status === 'test') {
    return {
      title: `Test from ${placeOf(sender)}`,
      text: `${notice.receiver} gets the alerts of ${placeOf(sender)}. This is a test: nothing is wrong.`,
    }
  }
  const values = valuesOf(notice, sender)
  const title = fillTemplate(alert.title ?? defaultTitle(notice, sender), values)
  return {
    title: cut(oneLine(title), 300),
    text: cut(
      manyLines(
        alert.text === undefined ? defaultText(notice, values.list) : fillTemplate(alert.text, values),
      ),
      8000,
    ),
  }
}

function placeOf({ fleet, environment }: Sender): string {
  return environment === undefined ? `fleet ${fleet}` : `fleet ${fleet} (${environment})`
}

function defaultTitle(notice: Notice, sender: Sender): string {
  const counted = toldOf(notice)
  const group = notice.groupName === '' ? '' : ` (${notice.groupName})`
  return `[${statusOf(notice)}] ${placeOf(sender)}: ${countOf(counted)}${group}`
}

/** RESOLVED is said only of what was seen to end. */
function statusOf(notice: Notice): string {
  return isWithdrawn(notice) ? 'WITHDRAWN' : notice.status.toUpperCase()
}

/** Whether all that a notice ends is told no longer, and nobody saw an end. */
export function isWithdrawn({ status, resolved, withdrawn }: Notice): boolean {
  return status === 'resolved' && resolved.length === 0 && withdrawn.length > 0
}

/** What a notice is about. */
function toldOf(notice: Pick<Notice, 'firing' | 'resolved' | 'withdrawn'>): readonly Trouble[] {
  return [notice.firing, notice.resolved, notice.withdrawn].find((list) => list.length > 0) ?? []
}

/** `2 resources`, `the fleet`, `Process/api`: whatever is shortest. */
function countOf(troubles: readonly Trouble[]): string {
  const subjects = [...new Set(troubles.map(subjectOf))]
  const [first = 'nothing'] = subjects
  if (subjects.length === 1) return `${first}, ${typesOf(troubles)}`
  const resources = new Set(troubles.flatMap(({ id }) => id ?? []))
  return `${resources.size} ${resources.size === 1 ? 'resource' : 'resources'}, ${typesOf(troubles)}`
}

function typesOf(troubles: readonly Trouble[]): string {
  return [...new Set(troubles.map(({ type }) => type))].join(', ')
}

/** What goes on; and what does not, by name, because only a message of its end alone says so otherwise. */
function defaultText(notice: Notice, list: string): string {
  if (isWithdrawn(notice))
    return `The manifests changed, and this is reported no longer. Nobody saw it end:\n${list}`
  const { status, resolved, withdrawn } = notice
  const named = (troubles: readonly Trouble[]) =>
    listed(
      troubles.map((trouble) => `${subjectOf(trouble)} (${trouble.type})`),
      ', ',
      longestEnded,
    )
  const isFiring = status === 'firing'
  return [
    list,
    ...(isFiring && resolved.length > 0 ? [`Ended since the last message: ${named(resolved)}.`] : []),
    ...(withdrawn.length > 0
      ? [`Reported no longer because the manifests changed, and not seen to end: ${named(withdrawn)}.`]
      : []),
  ].join('\n')
}

function valuesOf(notice: Notice, sender: Sender): Readonly<Record<Placeholder, string>> {
  const told = toldOf(notice)
  const resources = [...new Set(told.map(subjectOf))]
  return {
    status: statusOf(notice),
    fleet: sender.fleet,
    environment: sender.environment ?? '',
    alert: notice.alert,
    group: notice.groupName,
    severity: severityOf(notice),
    troubles: typesOf(told),
    count: String(resources.length),
    resources: listed(resources, ', '),
    list: listed(linesOf(told, notice.status === 'resolved'), '\n'),
    time: new Date(notice.at).toISOString(),
  }
}

/** The worst of what is told. */
export function severityOf(notice: Pick<Notice, 'firing' | 'resolved' | 'withdrawn'>): Trouble['severity'] {
  const told = toldOf(notice)
  return severities.findLast((severity) => told.some((trouble) => trouble.severity === severity)) ?? 'info'
}

/** One line a resource, whatever is wrong with it. */
function linesOf(troubles: readonly Trouble[], isOver: boolean): readonly string[] {
  const bySubject = new Map<string, Trouble[]>()
  for (const trouble of troubles) {
    const key = trouble.id ?? keyOf(trouble)
    bySubject.set(key, [...(bySubject.get(key) ?? []), trouble])
  }
  return [...bySubject.values()].map((list) => {
    const [first] = list
    const subject = first === undefined || first.id === undefined ? '' : `${subjectOf(first)}: `
    // Of what ended the words of then would read as if it went on.
    if (isOver) return `${subject}${typesOf(list)}`
    const messages = [...new Set(list.map(({ message }) => message))]
    const longest = messages.filter(
      (message) => !messages.some((other) => other !== message && other.includes(message)),
    )
    return cut(oneLine(`${subject}${typesOf(list)}: ${longest.join('; ')}`), longestLine)
  })
}

function listed(items: readonly string[], separator: string, longest = longestList): string {
  const shown: string[] = []
  let length = 0
  for (const item of items.slice(0, mostLines)) {
    length += item.length + separator.length
    if (length > longest) break
    shown.push(item)
  }
  const rest = items.length - shown.length
  return [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join(separator)
}

/** Without what could end a line, move a cursor, hide text or turn its direction around. */
function oneLine(text: string): string {
  return manyLines(text).replace(/\s*\n\s*/g, ' ')
}

const refused =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

function manyLines(text: string): string {
  return text.toWellFormed().replace(refused, ' ')
}

/** Cuts by code points, so that no character is halved. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** The parts of a trouble for programs. */
export function describeTrouble(trouble: Trouble) {
  const { kind, name } = partsOf(trouble)
  return {
    trouble: trouble.type,
    severity: trouble.severity,
    resource: trouble.id ?? null,
    kind: trouble.id === undefined ? null : kind,
    name: trouble.id === undefined ? null : name,
    message: cut(oneLine(trouble.message), longestLine),
    since: new Date(trouble.since).toISOString(),
  }
}
