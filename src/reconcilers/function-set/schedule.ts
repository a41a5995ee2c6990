import { Cron } from 'croner'
import { messageOf } from '../../core/errors.ts'

/** Words that Netlify takes in place of five fields. */
const words: ReadonlySet<string> = new Set([
  '@hourly',
  '@daily',
  '@weekly',
  '@monthly',
  '@yearly',
  '@annually',
])

/** What is wrong with a schedule; undefined: nothing. */
export function faultOfSchedule(text: string): string | undefined {
  if (words.has(text)) return undefined
  const fields = text.trim().split(/\s+/)
  if (fields.length !== 5) return `it has ${fields.length} fields, and Netlify takes 5`
  try {
    const cron = new Cron(text, { paused: true, timezone: 'UTC' })
    return cron.nextRun() === null ? 'it can never fire' : undefined
  } catch (error) {
    // The parser names itself first.
    return messageOf(error).replace(/^CronPattern: I/, 'i')
  }
}
