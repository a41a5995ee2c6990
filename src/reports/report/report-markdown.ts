import { formatDuration } from '../../core/duration.ts'
import { code } from '../markdown.ts'
import { fleetTitle } from '../names.ts'
import type { Report } from './report.ts'
import {
  allowanceText,
  attendance,
  capital,
  listed,
  placeOfFinding,
  standing,
  timingText,
  windowText,
} from './report-text.ts'
import { sizeText } from './trend-text.ts'

/** The report for a page that renders Markdown: an issue, a chat, a wiki. Nothing from outside becomes markup. */
export function reportMarkdown(report: Report): string {
  const now = Date.parse(report.madeAt)
  const { passes, actions, api, processes, workflows } = report.performance
  const lines = [
    `# Report of fleet ${text(fleetTitle(report.fleet, report.environment ?? undefined))}`,
    '',
    `**${text(standing(report))}.** ${attendance(report, now)} Made at ${report.madeAt}, it covers the last ${formatDuration(now - Date.parse(report.window.from))}.`,
    '',
    '## What to do',
    '',
    ...(report.recommendations.length === 0 ? ['Nothing needs to be done.', ''] : []),
    ...report.recommendations.flatMap((one, index) => [
      `${index + 1}. **${text(capital(one.problem))}** (${one.severity})  `,
      `   ${text(capital(one.observed))}.  `,
      ...(one.resources.length > 1 ? [`   About ${text(listed(one.resources))}.  `] : []),
      ...(one.holdsUp.length > 0 ? [`   Wait for it: ${text(listed(one.holdsUp))}.  `] : []),
      `   ${withCode(one.cure)}`,
      ...(one.commands.length === 0
        ? []
        : ['', '   ```sh', ...one.commands.map((line) => `   ${line}`), '   ```']),
      '',
    ]),
    '## Performance',
    '',
    ...(passes ? [`- Passes: ${timingText(passes)}`] : []),
    ...(actions
      ? [`- Actions: ${timingText(actions)}; ${actions.succeeded} succeeded, ${actions.failed} failed`]
      : []),
    ...api.map((one) => `- ${allowanceText(one)}`),
    '',
    ...table(
      ['Process', 'Restarts', 'Memory', 'Most', 'CPU', 'Probe', 'Over'],
      processes.map((one) => [
        one.id,
        String(one.restarts),
        one.memory ? sizeText(one.memory.last) : '-',
        one.memory ? sizeText(one.memory.most) : '-',
        one.cpuPercent === null ? '-' : `${Math.round(one.cpuPercent)} %`,
        one.probe ? formatDuration(one.probe.median) : '-',
        windowText(one),
      ]),
    ),
    ...table(
      ['Workflow', 'Runs', 'Median', 'Failed', 'Flaky', 'Over'],
      workflows.map((one) => [
        one.id,
        String(one.runs),
        one.medianSeconds === null ? '-' : formatDuration(one.medianSeconds * 1000),
        `${Math.round(100 * one.failed)} %`,
        `${Math.round(100 * one.flaky)} %`,
        windowText(one),
      ]),
    ),
    '## Errors and attempts',
    '',
    ...(report.errors.length === 0 ? ['None in this time.', ''] : []),
    ...table(
      ['Last', 'Times', 'Reason', 'About', 'Message'],
      report.errors.map((one) => [
        one.lastAt,
        String(one.count),
        one.reason,
        one.id ?? 'the fleet',
        one.message,
      ]),
    ),
    ...table(
      ['Resource', 'Attempts', 'Next try', 'Last action'],
      report.attempts.map((one) => [
        one.id,
        String(one.attempts),
        one.nextAttemptAt ?? '-',
        one.lastAction ?? '-',
      ]),
    ),
    '## Findings',
    '',
    ...(report.findings.length === 0 ? ['None.', ''] : []),
    ...report.findings.map((finding) => {
      const { severity, code, message, hint } = finding
      const help = hint === null ? '' : ` ${text(hint)}`
      return `- ${severity}: ${text(placeOfFinding(finding))}: ${text(message)} (${code}).${help}`
    }),
    '',
    '## Resources',
    '',
    ...table(
      ['Resource', 'Sync', 'Health', 'Message'],
      report.resources.map(({ id, sync, health, message }) => [id, sync, health, message]),
    ),
  ]
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`
}

/** What stands between backquotes is code, and needs no escapes. */
function withCode(value: string): string {
  return value
    .split('`')
    .map((part, index) => (index % 2 === 1 ? `\`${part}\`` : text(part)))
    .join('')
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]) => `| ${cells.map(text).join(' | ')} |`
  return [line(heads), `|${heads.map(() => ' --- |').join('')}`, ...rows.map(line), '']
}

/**
 * In a word: what a page makes a mention, a reference or a link although no markup stands around it. Escapes do not help:
 * GitHub looks for them in what was rendered. In code it looks for nothing.
 */
const live = /@|:\/\/|\bwww\.|#\d|\bGH-\d/i

/** What Markdown, or HTML within it, would take for markup is escaped, and what would be a mention or a link is code. */
function text(value: string): string {
  return value
    .split(/([\s|]+)/)
    .map((part) => (live.test(part) ? code(part) : escaped(part)))
    .join('')
}

function escaped(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_[\]|#~]/g, '\\$&')
}
