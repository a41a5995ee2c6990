import { parse } from 'smol-toml'

/** A stretch of a text: an offset and how long it is, in UTF-16 code units. */
export interface Stretch {
  readonly offset: number
  readonly length: number
}

/**
 * Where tables and keys of a TOML text stand, by their path joined with a NUL. The parser does not tell it, so it is
 * asked for each header and each key by itself. The text must be valid as a whole.
 */
export function placesOfToml(text: string): ReadonlyMap<string, Stretch> {
  const places = new Map<string, Stretch>()
  const lines = text.split('\n')
  let offset = 0
  let table: readonly string[] = []
  const note = (path: readonly string[], line: string) => {
    const start = line.length - line.trimStart().length
    const key = path.join('\0')
    if (!places.has(key)) places.set(key, { offset: offset + start, length: line.trim().length })
  }
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? ''
    const trimmed = line.trim()
    let taken = 1
    if (trimmed.startsWith('[')) {
      table = pathOf(line)
      note(table, line)
    } else if (trimmed !== '' && !trimmed.startsWith('#')) {
      note([...table, ...pathOf(`${keyIn(line)}= 0`)], line)
      // A value may go over several lines: it is over where it can be read.
      while (at + taken < lines.length && !isWhole(lines.slice(at, at + taken).join('\n'))) taken += 1
    }
    for (const passed of lines.slice(at, at + taken)) offset += passed.length + 1
    at += taken
  }
  return places
}

/**
 * The place of a path, or else of the first that stands below it, as `[[a.b]]` does of `a`; else of the nearest above; the
 * beginning where none does.
 */
export function placeIn(places: ReadonlyMap<string, Stretch>, path: readonly string[]): Stretch {
  const whole = path.join('\0')
  const own = places.get(whole) ?? [...places].find(([key]) => key.startsWith(`${whole}\0`))?.[1]
  if (own) return own
  for (let length = path.length - 1; length > 0; length -= 1) {
    const found = places.get(path.slice(0, length).join('\0'))
    if (found) return found
  }
  return { offset: 0, length: 1 }
}

/** What stands before the first `=` that is in no quotes. */
function keyIn(line: string): string {
  return /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^="'])+/.exec(line)?.[0] ?? ''
}

/** The one path that a header, or a key with a plain value, stands for. */
function pathOf(text: string): readonly string[] {
  const path: string[] = []
  for (let data: unknown = parse(text); ; ) {
    if (Array.isArray(data)) data = data[0]
    if (data === null || typeof data !== 'object') return path
    const [first] = Object.entries(data)
    if (!first) return path
    path.push(first[0])
    data = first[1]
  }
}

function isWhole(text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
