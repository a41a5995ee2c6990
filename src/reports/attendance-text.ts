import type { Duration } from '../core/duration.ts'
import { ageText, dueText } from './age.ts'
import { type Page, pageWidth, trimLines, wrap } from './layout.ts'
import { isoTime } from './names.ts'

/** A controller as the state knows it; times in epoch milliseconds. */
export interface SeenController {
  readonly pid: number
  readonly since: number
  /** Its last sign of life: it gives one every few seconds, whatever it does. */
  readonly seenAt: number
}

/** Who looks after a fleet, and when; times in epoch milliseconds. */
export interface Attendance {
  /** Undefined: no controller lives. */
  readonly controller: SeenController | undefined
  /** One that ended without a word, by a kill or with its machine; nobody acted since. */
  readonly lost: SeenController | undefined
  readonly isDown: boolean
  readonly lastPassAt: number | undefined
  /** Undefined: nobody looks, so none is due. */
  readonly nextPassAt: number | undefined
  /** Whether what is known should have been read anew by now, and nobody does it. */
  readonly isStale: boolean
}

/** A living controller renews its lease three times in this time; silent for longer, it hangs or its machine sleeps. */
const longestSilence: Duration = 15_000

export function isControllerHung({ seenAt }: SeenController, now: number): boolean {
  return now - seenAt > longestSilence
}

/** `The controller (pid 4711) has run for 2h`, or what is wrong with it. */
export function controllerText(
  { controller, lost }: Pick<Attendance, 'controller' | 'lost'>,
  now: number,
): string {
  if (controller) {
    return isControllerHung(controller, now)
      ? `The controller (pid ${controller.pid}) hangs: no sign of life for ${ageText(controller.seenAt, now)}`
      : `The controller (pid ${controller.pid}) has run for ${ageText(controller.since, now)}`
  }
  return lost
    ? `No controller is running: the last one (pid ${lost.pid}) was cut off ${ageText(lost.seenAt, now)} ago`
    : 'No controller is running'
}

/** `The controller (pid 4711) has run for 2h; last pass 12s ago, next in 18s.` */
export function attendanceText(
  attendance: Attendance,
  options: Page & {
    readonly now: number
    /** A command as it is typed for this fleet, in backquotes. */
    readonly typed: (...args: readonly string[]) => string
  },
): string {
  const { now, typed } = options
  const { controller, isDown, lastPassAt, nextPassAt } = attendance
  const last = lastPassAt === undefined ? 'no pass yet' : `last pass ${ageText(lastPassAt, now)} ago`
  const next = nextPassAt === undefined ? '' : `, next ${dueText(nextPassAt, now)}`
  const cure = controller
    ? isControllerHung(controller, now)
      ? ` ${typed('restart')} puts another in its place.`
      : ''
    : ` ${typed('start')} keeps one running.`
  const who = `${controllerText(attendance, now)}; ${last}${next}.${cure}`
  const down = isDown ? [`The fleet is down; ${typed('resume', '--all')} ends it.`] : []
  return trimLines([who, ...down].flatMap((line) => wrap(line, pageWidth(options))))
}

/** A controller for programs. */
export function seenDocument({ pid, since, seenAt }: SeenController) {
  return { pid, since: isoTime(since), seenAt: isoTime(seenAt) }
}

/** The same for programs: fields of the status and of the health. */
export function attendanceDocument({
  controller,
  lost,
  isDown,
  lastPassAt,
  nextPassAt,
  isStale,
}: Attendance) {
  const time = (at: number | undefined) => (at === undefined ? null : isoTime(at))
  return {
    isDown,
    lastPassAt: time(lastPassAt),
    isStale,
    controller: controller
      ? { ...seenDocument(controller), lastPassAt: time(lastPassAt), nextPassAt: time(nextPassAt) }
      : null,
    ...(lost && { lostController: seenDocument(lost) }),
  }
}
