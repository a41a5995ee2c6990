import type { Reference } from '../../../core/secret.ts'
import type { Tell } from './notice.ts'
import { plainOf, type Scalar, type Static, spreadKey } from './static/value.ts'

/** What a value is read for: the messages name it so. */
export interface Wanted {
  /** Such as `api: max_restarts`. */
  readonly what: string
  readonly tell: Tell
}

/** A plain value where a manifest takes no reference; undefined: it has none, and it was told why. */
export function settle(
  value: Static | undefined,
  { what, tell }: Wanted,
): Exclude<Scalar, undefined | null> | undefined {
  if (value === undefined) return undefined
  switch (value.type) {
    case 'scalar':
      return value.value ?? undefined
    case 'variable': {
      const taken = value.otherwise && settle(value.otherwise, { what, tell })
      tell({
        code: 'import-ecosystem-variable',
        message:
          taken === undefined
            ? `${what} depends on the variable ${value.name} and was left out`
            : `${what} depends on the variable ${value.name}; what it is without it was taken`,
        place: value.at,
      })
      return taken
    }
    default:
      tellUnknown(value, { what, tell })
      return undefined
  }
}

function tellUnknown(value: Static, { what, tell }: Wanted): void {
  const why = value.type === 'unknown' ? value.why : `a ${value.type}`
  tell({
    code: 'import-ecosystem-not-static',
    message: `${what} was left out: it is ${why}, which only running the file could tell (--evaluate)`,
    place: value.at,
  })
}

/** Items of a list as texts, or what PM2 makes of one text. */
export function settleList(value: Static | undefined, wanted: Wanted): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (value.type !== 'list') {
    const text = settle(value, wanted)
    return text === undefined || typeof text === 'boolean' ? undefined : splitArguments(String(text))
  }
  const items = value.items.map((item) => settle(item, wanted))
  // A list without one of its items would say something else.
  return items.every((item) => item !== undefined) ? items.map(String) : undefined
}

/** As PM2 splits a text into arguments: at white space, quotes around a whole argument taken away. */
function splitArguments(text: string): readonly string[] {
  const parts: string[] = []
  let rest = text.trimStart()
  while (rest !== '') {
    const [whole = rest] =
      /^[^\s"'=]+=(?:"[^"]*"|'[^']*')/.exec(rest) ??
      /^(?:"[^"]*"|'[^']*')/.exec(rest) ??
      /^\S+/.exec(rest) ??
      []
    const quote = whole[0]
    const isQuoted = whole.length > 1 && (quote === '"' || quote === "'") && whole.endsWith(quote)
    const part = isQuoted ? whole.slice(1, -1) : whole
    if (part.trim() !== '') parts.push(part)
    rest = rest.slice(whole.length).trimStart()
  }
  return parts
}

/** The variables of an `env` block. A variable of the caller becomes a reference, with its default. */
export function settleEnv(
  value: Static | undefined,
  { what, tell }: Wanted,
): Readonly<Record<string, string | Reference>> {
  const env: Record<string, string | Reference> = {}
  if (value === undefined || (value.type === 'scalar' && value.value === undefined)) return env
  if (value.type !== 'map') {
    tellUnknown(value, { what, tell })
    return env
  }
  for (const [key, child] of value.entries) {
    if (key === spreadKey) {
      if (child.type === 'builtin' && child.name === 'process.env') {
        const message = `${what} takes the whole environment of the shell; a manifest names what is needed, as { fromEnv: NAME }`
        tell({ code: 'import-ecosystem-shell-environment', message, place: child.at })
      } else tellUnknown(child, { what: `a part of ${what}`, tell })
      continue
    }
    const settled = settleVariable(child, { what: `${what}.${key}`, tell })
    if (settled !== undefined) env[key] = settled
  }
  return env
}

function settleVariable(value: Static, wanted: Wanted): string | Reference | undefined {
  if (value.type === 'scalar') return value.value === undefined ? undefined : String(value.value)
  if (value.type === 'variable') return referenceTo(value, wanted)
  // PM2 makes text of what is none, by JSON.
  const plain = value.type === 'list' || value.type === 'map' ? plainOf(value) : undefined
  if (plain) return JSON.stringify(plain.value)
  tellUnknown(value, wanted)
  return undefined
}

function referenceTo(value: Static & { readonly type: 'variable' }, wanted: Wanted): Reference {
  const { name: fromEnv, otherwise } = value
  if (otherwise === undefined) return { fromEnv }
  if (otherwise.type === 'variable') {
    wanted.tell({
      code: 'import-ecosystem-variable',
      message: `${wanted.what} is taken from ${fromEnv} or else from ${otherwise.name}; a reference has one source, ${fromEnv}`,
      place: value.at,
    })
    const last = settleVariable(otherwise, wanted)
    return typeof last === 'object' && last.default !== undefined
      ? { fromEnv, default: last.default }
      : { fromEnv }
  }
  const text = settleVariable(otherwise, wanted)
  return typeof text === 'string' ? { fromEnv, default: text } : { fromEnv }
}
