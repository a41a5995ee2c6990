const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Minute, hour, day, month, weekday: least and most, and what its first values are called. */
const fields = Object.freeze([
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: months },
  { least: 0, most: 7, names: weekdays },
])

/**
 * A cron expression that GitHub takes, so that two which mean the same are the same text: `0 4 * * MON` and
 * `00 04 * * 1`. What cannot be read stays as it is.
 */
export function normalCron(cron: string): string {
  const texts = cron.trim().split(/\s+/)
  if (texts.length !== fields.length) return texts.join(' ')
  return texts.map((text, index) => normalField(text.toLowerCase(), index)).join(' ')
}

function normalField(text: string, index: number): string {
  const field = fields[index]
  if (!field || text === '*') return text
  const values = new Set<number>()
  for (const item of text.split(',')) {
    const [range = '', step = '1'] = item.split('/')
    const [from = '', to] = range.split('-')
    const first = range === '*' ? field.least : numberOf(from, field)
    const last = range === '*' ? field.most : to !== undefined ? numberOf(to, field) : first
    // `5/15` goes on to the end, `5` does not.
    const end = to === undefined && item.includes('/') ? field.most : last
    for (let value = first; value <= end; value += Math.max(1, Number(step))) {
      values.add(index === 4 ? value % 7 : value)
    }
    if (!Number.isFinite(first + end + Number(step))) return text
  }
  // A day that is restricted and a weekday that is make one condition or the other; a star restricts neither.
  const star = text.startsWith('*') && (index === 2 || index === 4) ? '*' : ''
  return star + [...values].sort((a, b) => a - b).join(',')
}

function numberOf(text: string, { least, names }: (typeof fields)[number]): number {
  const named = names.indexOf(text)
  if (named >= 0) return named + least
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}
