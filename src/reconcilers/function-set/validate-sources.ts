import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import type { Directory } from './directory.ts'
import { directoryOf } from './place.ts'
import { faultOfSchedule } from './schedule.ts'
import type { FunctionSetSpec } from './spec.generated.ts'

/** Schedules that sources give in so many words. What they compute is known when they are bundled. */
export async function checkSources(
  desired: Resource<FunctionSetSpec>,
  { functions }: Directory,
  report: Report,
): Promise<void> {
  for (const { name, file: own } of functions) {
    // What the manifest says goes before.
    if (desired.spec.schedules?.[name] !== undefined) continue
    const file = join(directoryOf(desired), own)
    const text = textOf(file)
    if (!text.includes('schedule')) continue
    const { scheduleInSource } = await import('./source-schedule.ts')
    const schedule = scheduleInSource(text)
    const fault = schedule && faultOfSchedule(schedule.cron)
    if (!schedule || fault === undefined) continue
    const { offset, length } = schedule
    report({
      severity: 'error',
      code: 'function-set-schedule-invalid',
      path: '/spec/directory',
      message: `The schedule of ${name} cannot be used: ${fault}`,
      within: { file, text, offset, length },
    })
  }
}

/** One that cannot be read cannot be bundled either, and is told then. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
