import { RE2JS } from 're2js'

const compiled = new Map<string, RE2JS>()

/** So many patterns are kept; rules that make new ones all the time gain nothing from more. */
const mostKept = 500

/** Whether a pattern is found in a text, in a time that grows with its length alone. Throws where it is no pattern. */
export function isFound(pattern: string, text: string): boolean {
  return compile(pattern).matcher(text).find()
}

/** Whether a pattern is one: RE2's, as CEL says, without look-around and back-references. */
export function isPattern(pattern: string): boolean {
  try {
    compile(pattern)
    return true
  } catch {
    return false
  }
}

function compile(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known) return known
  const made = RE2JS.compile(pattern)
  if (compiled.size >= mostKept) compiled.clear()
  compiled.set(pattern, made)
  return made
}
