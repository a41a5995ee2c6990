import { ageText, dueText } from './age.ts'
import { type Page, pageWidth, trimLines, wrap } from './layout.ts'
import { isoTime } from './names.ts'

/** Who looks after a fleet, and when; times in epoch milliseconds. */
export interface Attendance {
  /** Undefined: no controller lives. */
  readonly controller: { readonly pid: number; readonly since: number } | undefined
  readonly isDown: boolean
  readonly lastPassAt: number | undefined
  /** Undefined: without a controller none is due. */
  readonly nextPassAt: number | undefined
}

/** `The controller (pid 4711) has run for 2h; last pass 12s ago, next in 18s.` */
export function attendanceText(
  { controller, isDown, lastPassAt, nextPassAt }: Attendance,
  options: Page & {
    readonly now: number
    /** A command as it is typed for this fleet, in backquotes. */
    readonly typed: (...args: readonly string[]) => string
  },
): string {
  const { now, typed } = options
  const last = lastPassAt === undefined ? 'no pass yet' : `last pass ${ageText(lastPassAt, now)} ago`
  const next = nextPassAt === undefined ? '' : `, next ${dueText(nextPassAt, now)}`
  const who = controller
    ? `The controller (pid ${controller.pid}) has run for ${ageText(controller.since, now)}; ${last}${next}.`
    : `No controller is running; ${last}. ${typed('start')} keeps one running.`
  const down = isDown ? [`The fleet is down; ${typed('resume', '--all')} ends it.`] : []
  return trimLines([who, ...down].flatMap((line) => wrap(line, pageWidth(options))))
}

/** The same for programs: fields of the status. */
export function attendanceDocument({ controller, isDown, lastPassAt, nextPassAt }: Attendance) {
  const time = (at: number | undefined) => (at === undefined ? null : isoTime(at))
  return {
    isDown,
    lastPassAt: time(lastPassAt),
    controller: controller
      ? {
          pid: controller.pid,
          since: isoTime(controller.since),
          lastPassAt: time(lastPassAt),
          nextPassAt: time(nextPassAt),
        }
      : null,
  }
}
