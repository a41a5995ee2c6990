import type { JobStep } from '../../../clients/github/client.ts'
import type { LogLine } from '../../../core/reconciler.ts'

/** Each line of a job's log begins with its time, in up to seven digits of a second. */
const timed = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z) ?(.*)$/s

/** The lines of a job's log. */
export function linesOfLog(text: string, source: string): readonly LogLine[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  let last: number | undefined
  return lines.map((line) => {
    const [, time = '', rest = ''] = timed.exec(line) ?? []
    const at = Date.parse(time)
    // A line without a time goes on with the one before.
    if (Number.isFinite(at)) last = at
    const body = time === '' ? line : rest
    return { at: last, source, stream: body.startsWith('##[error]') ? 'err' : 'out', text: body }
  })
}

/**
 * Those that a step printed: a job has one log, and its steps are told apart by their times, which are whole seconds.
 * All of them where the times say nothing.
 */
export function linesOfStep(lines: readonly LogLine[], step: JobStep): readonly LogLine[] {
  const { startedAt, completedAt } = step
  if (startedAt === undefined || completedAt === undefined) return lines
  const own = lines.filter(({ at }) => at !== undefined && at >= startedAt && at < completedAt + 1000)
  const [first] = own
  if (!first) return lines
  // What another step printed in that first second comes before the heading of this one.
  const heading = own.findLastIndex(
    ({ at, text }) => (at ?? 0) < startedAt + 1000 && text.startsWith('##[group]Run '),
  )
  return own.slice(Math.max(0, heading))
}
