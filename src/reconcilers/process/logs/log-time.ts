/** Finds the time at the start of a line, as PM2 writes it; undefined: the line has none of this form. */
export type ReadTime = (line: string) => { readonly at: number; readonly text: string } | undefined

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'ms' | 'zone' | 'epoch' | 'epochMs'

/** Tokens of day.js (https://day.js.org/docs/en/display/format) that say when something was, longest first. */
const tokens: readonly (readonly [token: string, part: Part, pattern: string])[] = [
  ['YYYY', 'year', '\\d{4}'],
  ['SSS', 'ms', '\\d{3}'],
  ['MM', 'month', '\\d{2}'],
  ['DD', 'day', '\\d{2}'],
  ['HH', 'hour', '\\d{2}'],
  ['mm', 'minute', '\\d{2}'],
  ['ss', 'second', '\\d{2}'],
  ['ZZ', 'zone', '[+-]\\d{4}'],
  ['M', 'month', '\\d{1,2}'],
  ['D', 'day', '\\d{1,2}'],
  ['H', 'hour', '\\d{1,2}'],
  ['m', 'minute', '\\d{1,2}'],
  ['s', 'second', '\\d{1,2}'],
  ['Z', 'zone', '[+-]\\d{2}:\\d{2}'],
  ['X', 'epoch', '\\d{1,12}'],
  ['x', 'epochMs', '\\d{1,15}'],
]

/**
 * How to read the times that a format of day.js makes. Undefined where the format does not hold a whole date and time,
 * or holds words: such lines are shown as they are. A time without a zone is this machine's, as it is the daemon's.
 */
export function timeReader(format: string | undefined): ReadTime | undefined {
  if (format === undefined) return undefined
  const parts: Part[] = []
  let pattern = ''
  let rest = format
  while (rest !== '') {
    const literal = /^\[([^\]]*)\]/.exec(rest)
    const token = tokens.find(([text]) => rest.startsWith(text))
    if (literal) {
      pattern += quoted(literal[1] ?? '')
      rest = rest.slice(literal[0].length)
    } else if (token) {
      // One part twice would be read twice: no format that says when needs that.
      if (parts.includes(token[1])) return undefined
      parts.push(token[1])
      pattern += `(${token[2]})`
      rest = rest.slice(token[0].length)
    } else if (/^[A-SU-Za-z]/.test(rest)) {
      return undefined
    } else {
      pattern += quoted(rest.slice(0, 1))
      rest = rest.slice(1)
    }
  }
  const isWhole =
    parts.includes('epoch') ||
    parts.includes('epochMs') ||
    (['year', 'month', 'day', 'hour', 'minute'] as const).every((part) => parts.includes(part))
  if (!isWhole) return undefined
  // PM2 puts a colon and a space between the time and what was printed.
  const expression = new RegExp(`^${pattern}: ?`)
  return (line) => {
    const match = expression.exec(line)
    if (!match) return undefined
    const at = epochOf(new Map(parts.map((part, index) => [part, match[index + 1] ?? ''])))
    return Number.isFinite(at) ? { at, text: line.slice(match[0].length) } : undefined
  }
}

function epochOf(found: ReadonlyMap<Part, string>): number {
  const number = (part: Part): number => Number(found.get(part) ?? 0)
  if (found.has('epochMs')) return number('epochMs')
  if (found.has('epoch')) return number('epoch') * 1000
  const fields = [
    number('year'),
    number('month') - 1,
    number('day'),
    number('hour'),
    number('minute'),
    number('second'),
    number('ms'),
  ] as const
  const zone = found.get('zone')
  if (zone === undefined) return new Date(...fields).getTime()
  const digits = zone.replace(':', '')
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5))
  return Date.UTC(...fields) - (zone.startsWith('-') ? -1 : 1) * minutes * 60_000
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
