interface Field {
  readonly label: string
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const seconds: Field = { label: 'seconds', min: 0, max: 59, names: [] }
const dayOfMonth: Field = { label: 'day of month', min: 1, max: 31, names: [] }
const month: Field = {
  label: 'month',
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
}
const fiveFields: readonly Field[] = [
  { label: 'minutes', min: 0, max: 59, names: [] },
  { label: 'hours', min: 0, max: 23, names: [] },
  dayOfMonth,
  month,
  { label: 'day of week', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
]
/** The longest that each month can be. */
const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

type Parsed = { readonly values: readonly number[] } | { readonly fault: string }

function numberIn(text: string, field: Field): number | undefined {
  if (!/^\d{1,2}$/.test(text)) return undefined
  const value = Number(text)
  return value >= field.min && value <= field.max ? value : undefined
}

function spread(from: number, to: number, step: number): readonly number[] {
  const values: number[] = []
  for (let value = from; value <= to; value += step) values.push(value)
  return values
}

function parseField(source: string, field: Field): Parsed {
  let text = source.toLowerCase()
  field.names.forEach((name, index) => {
    text = text.replaceAll(name, String(field.min + index))
  })
  const wrong = `"${source}" is not a ${field.label} field that PM2 understands`
  if (text === '*') return { values: spread(field.min, field.max, 1) }
  if (field === dayOfMonth && text === 'l') return { values: [28, 29, 30, 31] }
  if (text.includes(',')) {
    const values = text.split(',').map((part) => numberIn(part, field))
    if (values.includes(undefined)) {
      return { fault: `${wrong}: a list holds single numbers from ${field.min} to ${field.max}, no ranges` }
    }
    return { values: values.filter((value) => value !== undefined) }
  }
  const [, range = '', from = '', to = '', step = ''] = /^(\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(text) ?? []
  if (range === '') return { fault: wrong }
  const by = step === '' ? 1 : Number(step)
  const longest = field.max - field.min + 1
  if (by < 1 || by > longest) return { fault: `${wrong}: a step is 1 to ${longest}` }
  if (range === '*') return { values: spread(field.min, field.max, by) }
  const first = numberIn(from, field)
  const end = to === '' ? (step === '' ? from : String(field.max)) : to
  const last = numberIn(end, field)
  if (first === undefined || last === undefined || first > last) {
    return { fault: `${wrong}: numbers are ${field.min} to ${field.max}, the smaller one first` }
  }
  // PM2 takes a start without an end for one more than it is where counting begins at 1.
  if (step !== '' && to === '' && field.min === 1) {
    return { fault: `${wrong}: write where the range ends, ${first}-${field.max}/${by}` }
  }
  return { values: spread(first, last, by) }
}

/**
 * What is wrong with a cron expression for a PM2 daemon, or undefined. A daemon reads it with croner 4, which knows
 * less than later ones (no nicknames, no ranges in lists) and takes some nonsense (`, * * * *`) for an endless search
 * that hangs it for all processes; one that it cannot parse at all ends it.
 */
export function cronFault(pattern: string): string | undefined {
  const parts = pattern.trim().split(/\s+/)
  if (parts.length !== 5 && parts.length !== 6) {
    return `"${pattern}" has ${parts.length} fields; PM2 takes 5, or 6 with seconds first`
  }
  const fields = parts.length === 6 ? [seconds, ...fiveFields] : fiveFields
  const values = new Map<Field, readonly number[]>()
  for (const [index, field] of fields.entries()) {
    const parsed = parseField(parts[index] ?? '', field)
    if ('fault' in parsed) return parsed.fault
    values.set(field, parsed.values)
  }
  const days = values.get(dayOfMonth) ?? []
  const canFire = (values.get(month) ?? []).some((number) => {
    const longest = monthDays[number - 1] ?? 0
    return days.some((day) => day <= longest)
  })
  return canFire ? undefined : `"${pattern}" never comes: no such month has such a day`
}
