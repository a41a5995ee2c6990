import { formatDuration } from '../../core/duration.ts'
import { healthStatuses } from '../../core/health.ts'
import { ageText } from '../age.ts'
import { controllerText } from '../attendance-text.ts'
import { columnWidth, type Page, pad, pageWidth, trimLines, truncate, wrap } from '../layout.ts'
import { fleetTitle } from '../names.ts'
import { type Paint, plain, type Style } from '../style.ts'
import type { Recommendation, Report, ReportedController, Timing } from './report.ts'
import { sizeText } from './trend-text.ts'

export interface ReportTextOptions extends Page {
  /** Default: no colours. */
  readonly style?: Style
}

/** Rows of a table that a terminal shows; the other formats hold all. */
const mostRows = 15

/** The report for a terminal. Every line fits the page, but for the commands, which are copied. */
export function reportText(report: Report, options: ReportTextOptions): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const now = Date.parse(report.madeAt)
  const context = { style, width, now }
  return trimLines([
    ...headLines(report, context),
    ...recommendationLines(report.recommendations, context),
    ...performanceLines(report, context),
    ...errorLines(report, context),
    ...findingLines(report, context),
  ])
}

interface Context {
  readonly style: Style
  readonly width: number
  readonly now: number
}

/** `Degraded, 91 % (target 80 %); 91 Healthy, 9 Degraded` */
export function standing(report: Report): string {
  if (report.health.score === null) return 'nothing is declared'
  const counts = healthStatuses
    .filter((status) => report.summary[status] > 0)
    .map((status) => `${report.summary[status]} ${status}`)
  const { state, score, target } = report.health
  return `${state}, ${score} % (target ${target} %); ${counts.join(', ')}`
}

/** Whether somebody looks after the fleet. */
export function attendance(report: Report, now: number): string {
  if (report.isDown) return 'The fleet is down.'
  const known = (seen: ReportedController | null | undefined) =>
    seen ? { pid: seen.pid, since: Date.parse(seen.since), seenAt: Date.parse(seen.seenAt) } : undefined
  const { controller, lostController } = report
  return `${controllerText({ controller: known(controller), lost: known(lostController) }, now)}.`
}

function headLines(report: Report, { style, width, now }: Context): readonly string[] {
  const span = formatDuration(now - Date.parse(report.window.from))
  const age =
    report.observedAt === null ? '' : ` Oldest reading: ${ageText(Date.parse(report.observedAt), now)} ago.`
  return [
    style.bold(`Report of fleet ${fleetTitle(report.fleet, report.environment ?? undefined)}`),
    ...wrap(`${standing(report)}.`, width),
    ...wrap(`${attendance(report, now)}${age} It covers the last ${span}.`, width),
  ]
}

function recommendationLines(
  recommendations: readonly Recommendation[],
  { style, width }: Context,
): readonly string[] {
  if (recommendations.length === 0) return ['', 'Nothing needs to be done.']
  const paints: Readonly<Record<Recommendation['severity'], Paint>> = {
    critical: style.red,
    warning: style.yellow,
    info: style.dim,
  }
  return [
    '',
    style.bold('What to do'),
    ...recommendations.flatMap((one, index) => {
      const number = `${index + 1}.`
      const indent = ' '.repeat(number.length + 1)
      const head = wrap(`${capital(one.problem)} (${one.severity})`, width - indent.length)
      const body = (text: string) => wrap(text, width - indent.length).map((line) => `${indent}${line}`)
      const also = one.resources.length > 1 ? body(`About ${listed(one.resources)}.`) : []
      const holds = one.holdsUp.length > 0 ? body(`Wait for it: ${listed(one.holdsUp)}.`) : []
      return [
        ...head.map((line, row) => `${row === 0 ? `${number} ` : indent}${paints[one.severity](line)}`),
        ...(one.observed === '' ? [] : body(capital(`${one.observed}.`))),
        ...also,
        ...holds,
        ...body(one.cure),
        ...one.commands.map((command) => `${indent}  ${style.cyan(command)}`),
      ]
    }),
  ]
}

/** A sentence's first word, where it is a word: a path or a name stays as it is. */
export function capital(text: string): string {
  return /^[a-z]+(?=[ ,;:]|'s)/.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text
}

/** Names, and how many more there are. */
export function listed(names: readonly string[], most = 6): string {
  const rest = names.length - most
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ')
}

/** `median 120ms, 95 % within 300ms, longest 1s (of 40, over 23h)` */
export function timingText({ median, p95, longest, count, from, to }: Timing): string {
  return `median ${formatDuration(median)}, 95 % within ${formatDuration(p95)}, longest ${formatDuration(longest)} (of ${count}, over ${windowText({ from, to })})`
}

/** How long a figure was measured: `23h 10m`, or `one reading`. */
export function windowText({ from, to }: { readonly from: string; readonly to: string }): string {
  const span = Date.parse(to) - Date.parse(from)
  return span <= 0 ? 'one reading' : formatDuration(span < 1000 ? span : Math.round(span / 1000) * 1000)
}

/** A vendor's allowance, and over which time it was looked at. */
export function allowanceText(one: Report['performance']['api'][number]): string {
  const { vendor, used, remaining } = one
  return `${vendor}: ${used} calls counted, ${remaining ?? 'unknown'} left (over ${windowText(one)})`
}

function performanceLines(report: Report, context: Context): readonly string[] {
  const { style, width } = context
  const { passes, actions, api, processes, workflows } = report.performance
  const lines = [
    ...(passes ? wrap(`Passes: ${timingText(passes)}.`, width) : []),
    ...(actions
      ? wrap(
          `Actions: ${timingText(actions)}; ${actions.succeeded} succeeded, ${actions.failed} failed.`,
          width,
        )
      : []),
    ...api.flatMap((one) => wrap(`${allowanceText(one)}.`, width)),
    ...table(
      ['PROCESS', 'RESTARTS', 'MEMORY', 'MOST', 'CPU', 'PROBE', 'OVER'],
      processes
        .toSorted((a, b) => b.restarts - a.restarts || (b.memory?.last ?? 0) - (a.memory?.last ?? 0))
        .map((one) => [
          one.id,
          String(one.restarts),
          one.memory ? sizeText(one.memory.last) : '-',
          one.memory ? sizeText(one.memory.most) : '-',
          one.cpuPercent === null ? '-' : `${Math.round(one.cpuPercent)} %`,
          one.probe ? formatDuration(one.probe.median) : '-',
          windowText(one),
        ]),
      context,
    ),
    ...table(
      ['WORKFLOW', 'RUNS', 'MEDIAN', 'FAILED', 'FLAKY', 'OVER'],
      workflows.map((one) => [
        one.id,
        String(one.runs),
        one.medianSeconds === null ? '-' : formatDuration(one.medianSeconds * 1000),
        `${Math.round(100 * one.failed)} %`,
        `${Math.round(100 * one.flaky)} %`,
        windowText(one),
      ]),
      context,
    ),
  ]
  return [
    '',
    style.bold('Performance'),
    ...(lines.length > 0 ? lines : ['Nothing was measured in this time.']),
  ]
}

function errorLines(report: Report, context: Context): readonly string[] {
  const { style, now } = context
  const attempts = report.attempts.map(({ id, attempts: count, nextAttemptAt, lastAction }) => {
    const next = nextAttemptAt === null ? '' : `; next try at ${nextAttemptAt}`
    return `${id}: ${count} ${count === 1 ? 'attempt' : 'attempts'}${lastAction ? `, last ${lastAction}` : ''}${next}`
  })
  return [
    '',
    style.bold('Errors and attempts'),
    ...(report.errors.length === 0 ? ['None in this time.'] : []),
    ...table(
      ['LAST', 'TIMES', 'REASON', 'ABOUT', 'MESSAGE'],
      report.errors.map(({ lastAt, count, reason, id, message }) => [
        ageText(Date.parse(lastAt), now),
        String(count),
        reason,
        id ?? 'the fleet',
        message,
      ]),
      context,
    ),
    ...attempts.slice(0, mostRows).flatMap((text) => wrap(text, context.width)),
  ]
}

function findingLines(report: Report, { style, width }: Context): readonly string[] {
  if (report.findings.length === 0) return []
  return [
    '',
    style.bold('Findings'),
    ...report.findings.slice(0, mostRows).flatMap((finding) => {
      const { severity, code, message, hint } = finding
      const paint = severity === 'error' ? style.red : style.yellow
      const head = wrap(`${severity}: ${placeOfFinding(finding)}: ${message} [${code}]`, width)
      const help = hint === null ? [] : wrap(hint, width - 2).map((line) => `  ${line}`)
      return [...head.map((text, row) => (row === 0 ? paint(text) : text)), ...help]
    }),
    ...more(report.findings.length),
  ]
}

/** `manifests/api.yaml:3`, or a part of a resource with the file that is to be mended. */
export function placeOfFinding({ about, file, line }: Report['findings'][number]): string {
  const place = line === null ? file : `${file}:${line}`
  return file === null || file === about
    ? line === null
      ? about
      : `${about}:${line}`
    : `${about} (${place})`
}

/** Columns as wide as they need; the last is cut where the page ends, and the first where even that is not enough. */
function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  { style, width }: Context,
): readonly string[] {
  if (rows.length === 0) return []
  const shown = rows.slice(0, mostRows)
  const gap = 2
  const natural = heads.map((head, column) =>
    columnWidth([head, ...shown.map((row) => row[column] ?? '')], width),
  )
  // The longest column gives way until all fit.
  const widths = [...natural]
  const total = () => widths.reduce((sum, one) => sum + one, 0) + gap * (widths.length - 1)
  while (total() > width) {
    const widest = widths.indexOf(Math.max(...widths))
    widths[widest] = Math.max(4, (widths[widest] ?? 4) - (total() - width))
  }
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => pad(truncate(cell, widths[column] ?? 0), widths[column] ?? 0))
      .join(' '.repeat(gap))
  return [style.bold(line(heads).trimEnd()), ...shown.map(line), ...more(rows.length)]
}

function more(count: number): readonly string[] {
  return count > mostRows ? [`... and ${count - mostRows} more; \`-o json\` holds all.`] : []
}
