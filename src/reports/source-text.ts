import { type Commit, passedOver, type SourcePin, type SourceRecord, shortId } from '../core/source.ts'
import { ageText } from './age.ts'
import { type Page, pageWidth, trimLines, wrap } from './layout.ts'
import { isoTime } from './names.ts'
import { sanitise, sanitiseJson } from './sanitise.ts'

/** Which repository a fleet follows, and where a person holds it. */
export interface SourceView {
  readonly record: SourceRecord
  readonly pin: SourcePin | undefined
}

/** `3f2a1c9 "Give api four instances"`. */
export function commitText({ id, subject }: Pick<Commit, 'id' | 'subject'>): string {
  return sanitise(subject === '' ? shortId(id) : `${shortId(id)} "${subject}"`)
}

/** Where the fleet is, and why it is not at the newest commit: a line each. */
export function sourceText(
  { record, pin }: SourceView,
  options: Page & {
    readonly now: number
    /** A command as it is typed for this fleet, in backquotes. */
    readonly typed: (...args: readonly string[]) => string
  },
): string {
  const { git, applied, appliedAt, tip, refused, trouble } = record
  const { now, typed } = options
  const where = applied ? `at ${commitText(applied)} for ${ageText(appliedAt, now)}` : 'at nothing yet'
  const lines = [`Follows the branch ${git.branch} of ${git.url}, folder ${git.path}: ${where}.`]
  if (pin) {
    const who = pin.by === undefined ? '' : ` by ${pin.by}`
    const branch = tip === undefined ? '' : `, whatever is pushed; the branch is at ${shortId(tip)}`
    lines.push(
      `Held at ${shortId(pin.commit)}${who} for ${ageText(pin.at, now)}${branch}. ${typed('resume', '--source')} follows it again.`,
    )
  }
  if (refused)
    lines.push(
      `${commitText(refused.commit)} is refused for ${ageText(refused.since, now)}: ${refused.message}`,
    )
  const later = passedOver(record)
  if (later && refused && !pin) {
    const there = typed('rollback', shortId(later.id))
    lines.push(`${commitText(later)} was good after this one: ${there} goes there.`)
  }
  if (trouble) lines.push(`${trouble.message} (for ${ageText(trouble.since, now)})`)
  return trimLines(lines.flatMap((line) => wrap(sanitise(line), pageWidth(options))))
}

/** The same for programs: a field of the status. */
export function sourceDocument({ record, pin }: SourceView) {
  const { git, applied, appliedAt, tip, refused, trouble } = record
  return sanitiseJson({
    source: {
      type: 'git',
      url: git.url,
      branch: git.branch,
      path: git.path,
      commit: applied ? { id: applied.id, subject: applied.subject, since: isoTime(appliedAt) } : null,
      tip: tip ?? null,
      held: pin ? { commit: pin.commit, by: pin.by ?? null, since: isoTime(pin.at) } : null,
      refused: refused
        ? {
            commit: refused.commit.id,
            subject: refused.commit.subject,
            message: refused.message,
            since: isoTime(refused.since),
          }
        : null,
      trouble: trouble
        ? { reason: trouble.reason, message: trouble.message, since: isoTime(trouble.since) }
        : null,
    },
  })
}
