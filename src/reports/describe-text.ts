import type { FleetEvent } from '../core/event.ts'
import type { ResourceState } from '../core/ledger.ts'
import type { Owned } from '../core/ownership.ts'
import type { Resource, ResourceId, Suspension } from '../core/resource.ts'
import { shownSpec } from '../core/secrecy.ts'
import type { ChildStatus, ResourceStatus } from '../core/status.ts'
import { ageText, dueText } from './age.ts'
import { eventsText } from './events-text.ts'
import { healthPaint } from './health-style.ts'
import { jsonValue } from './json-value.ts'
import { type Page, pageWidth, trimLines, wrap } from './layout.ts'
import { displayPath, isoTime } from './names.ts'
import { sanitise, sanitiseJson } from './sanitise.ts'
import { plain, type Style } from './style.ts'
import { yamlText } from './yaml-text.ts'

/** All that is known of one resource. What is undefined is left out, or said to be missing. */
export interface Description {
  readonly id: ResourceId
  /** Undefined: not declared. */
  readonly resource: Resource | undefined
  /** A file that is broken declares it, and nothing stands in for that. Default: false. */
  readonly isLost?: boolean
  /** Undefined: never looked at. */
  readonly state: ResourceState | undefined
  /** Undefined: nothing of it is ours. */
  readonly owned: Owned | undefined
  /** What a person suspended by command; what the manifest says stands in the spec. */
  readonly suspension: Suspension | undefined
  /** Newest first. */
  readonly events: readonly FleetEvent[]
}

export interface DescribeOptions extends Page {
  readonly style?: Style
  /** Epoch milliseconds. */
  readonly now: number
  readonly workingDirectory: string
}

const labelWidth = 14

/** One resource in full, for people: what is declared, what is there, what was tried and what comes next. */
export function describeText(description: Description, options: DescribeOptions): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const view = { style, width, now: options.now }
  const sections = [
    headLines(description, options),
    ...(description.state ? [stateLines(description.state, view)] : []),
    section(
      'Children',
      (description.state?.status.children ?? []).flatMap((child) => childLines(child, view)),
      style,
    ),
    section('Conditions', conditionLines(description.state?.status, view), style),
    specLines(description.resource, view),
    section('Events', eventLines(description.events, { ...options, width: width - 2 }), style),
  ]
  const filled = sections.filter((lines) => lines.length > 0)
  return trimLines(filled.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines])))
}

interface View {
  readonly style: Style
  readonly width: number
  readonly now: number
}

function headLines(description: Description, options: DescribeOptions): readonly string[] {
  const { id, resource, owned, suspension } = description
  const width = pageWidth(options)
  const origin = resource
    ? `${displayPath(resource.origin.file, options.workingDirectory)}:${resource.origin.line}`
    : description.isLost
      ? 'a file that is broken'
      : 'not declared any more'
  const field = (label: string, text: string) => fieldLines(label, text, width)
  return [
    ...field('Resource', id),
    ...field('Declared in', origin),
    ...field(
      'Owned',
      owned ? `${owned.origin} as ${owned.externalName}, since ${isoTime(owned.since)}` : 'no',
    ),
    ...(resource?.controls.critical ? field('Critical', 'yes') : []),
    ...(suspension ? field('Suspended', suspensionText(suspension)) : []),
    ...(description.state ? [] : field('Status', 'never looked at')),
  ]
}

function suspensionText({ reason, by, until }: Suspension): string {
  const who = by === undefined ? '' : ` by ${by}`
  const end = until === undefined ? '' : `, until ${isoTime(until)}`
  return `${reason}${who}${end}`
}

function stateLines(
  { status, recovery, activeFor }: ResourceState,
  { style, width, now }: View,
): readonly string[] {
  const field = (label: string, text: string) => fieldLines(label, text, width)
  const { lastAction, nextAttemptAt } = status
  return [
    ...field('Sync', status.sync),
    ...field('Health', status.health).map((line) =>
      line.replace(status.health, healthPaint(status.health, style)),
    ),
    ...(status.message === '' ? [] : field('Message', status.message)),
    ...field('Read', `${ageText(status.observedAt, now)} ago (${isoTime(status.observedAt)})`),
    ...field('Attempts', attemptsText(status.attempts, recovery.lastAttemptAt, now)),
    ...(nextAttemptAt === undefined
      ? []
      : field('Next try', `${dueText(nextAttemptAt, now)} (${isoTime(nextAttemptAt)})`)),
    ...(activeFor.length > 0 ? field('Stands in for', activeFor.join(', ')) : []),
    ...(lastAction
      ? field(
          'Last action',
          `${lastAction.summary}: ${lastAction.outcome} ${ageText(lastAction.at, now)} ago${lastAction.message ? `, ${lastAction.message}` : ''}`,
        )
      : []),
  ]
}

function attemptsText(attempts: number, lastAt: number | undefined, now: number): string {
  return attempts > 0 && lastAt !== undefined
    ? `${attempts}, the last ${ageText(lastAt, now)} ago`
    : String(attempts)
}

function childLines({ name, health, message, details }: ChildStatus, { width }: View): readonly string[] {
  const facts = Object.entries(details).map(([key, value]) => `${key} ${String(value)}`)
  const text = [`${name}: ${health}`, ...(message ? [message] : []), ...facts].join(', ')
  return bullet(text, width)
}

function conditionLines(status: ResourceStatus | undefined, { width, now }: View): readonly string[] {
  return (status?.conditions ?? []).flatMap(({ type, status: value, reason, message, since }) =>
    bullet(`${type}=${value} (${reason}) for ${ageText(since, now)}${message ? `: ${message}` : ''}`, width),
  )
}

/** As declared; what came from a reference prints as stars. */
function specLines(resource: Resource | undefined, { style, width }: View): readonly string[] {
  if (!resource) return []
  const yaml = yamlText(sanitiseJson(jsonValue(shownSpec(resource.spec))), width - 2)
  return section(
    'Spec',
    yaml
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    style,
  )
}

function eventLines(events: readonly FleetEvent[], options: DescribeOptions): readonly string[] {
  const text = eventsText(events, options)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
}

function section(title: string, lines: readonly string[], style: Style): readonly string[] {
  return lines.length === 0 ? [] : [style.bold(`${title}:`), ...lines]
}

function fieldLines(label: string, text: string, width: number): readonly string[] {
  return wrap(sanitise(text), width - labelWidth - 1).map(
    (line, index) => `${(index === 0 ? `${label}:` : '').padEnd(labelWidth)} ${line}`,
  )
}

function bullet(text: string, width: number): readonly string[] {
  return wrap(sanitise(text), width - 4).map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`)
}
