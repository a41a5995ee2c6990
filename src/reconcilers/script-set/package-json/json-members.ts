/** A member of a JSON object, by its places in the text. Ends are exclusive. */
export interface Member {
  readonly name: string
  /** Where the white space before the key begins: after the brace or the comma. */
  readonly start: number
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

/** An object in a JSON text: its members in their order, repeated names included. */
export interface ObjectPlace {
  readonly members: readonly Member[]
  /** Of the braces; `end` is exclusive. */
  readonly start: number
  readonly end: number
}

/**
 * Finds the members of the object that begins at or after `from`, or undefined where another value stands there. The
 * text must be what `JSON.parse` accepts: this finds places, it judges nothing.
 */
export function locateObject(text: string, from = 0): ObjectPlace | undefined {
  const start = skipSpace(text, from)
  if (text[start] !== '{') return undefined
  const members: Member[] = []
  let at = start + 1
  for (;;) {
    const keyStart = skipSpace(text, at)
    if (text[keyStart] === '}') return { members, start, end: keyStart + 1 }
    const keyEnd = endOfString(text, keyStart)
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const valueEnd = endOfValue(text, valueStart)
    const name: unknown = JSON.parse(text.slice(keyStart, keyEnd))
    members.push({ name: String(name), start: at, keyStart, keyEnd, valueStart, valueEnd })
    at = skipSpace(text, valueEnd)
    if (text[at] === '}') return { members, start, end: at + 1 }
    at += 1
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /[ \t\r\n]/.test(text[at] ?? '')) at += 1
  return at
}

function endOfString(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function endOfValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return endOfString(text, from)
  if (first !== '{' && first !== '[') {
    let at = from
    while (at < text.length && !/[\s,}\]]/.test(text[at] ?? '')) at += 1
    return at
  }
  let depth = 0
  for (let at = from; at < text.length; ) {
    const sign = text[at]
    if (sign === '"') {
      at = endOfString(text, at)
      continue
    }
    if (sign === '{' || sign === '[') depth += 1
    if (sign === '}' || sign === ']') depth -= 1
    at += 1
    if (depth === 0) return at
  }
  return text.length
}

/** The lines of all scripts in the text of a package.json, counted from 1; of one that stands twice the last. */
export function linesOfScripts(text: string): ReadonlyMap<string, number> {
  const section = locateObject(text)?.members.findLast(({ name }) => name === 'scripts')
  const members = (section && locateObject(text, section.valueStart)?.members) ?? []
  const lines = new Map<string, number>()
  let at = 0
  let line = 1
  for (const { name, keyStart } of members) {
    for (; at < keyStart; at += 1) if (text[at] === '\n') line += 1
    lines.set(name, line)
  }
  return lines
}
