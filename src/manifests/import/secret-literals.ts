import type { Reference } from '../../core/secret.ts'
import { looksLikeSecret, looksLikeToken, namesSecret } from '../../core/token-shape.ts'
import { type SchemaPlaces, schemaAt, stepInto, takesReference } from '../schema-walk.ts'
import { isReference } from '../secrets.ts'
import { formatPath } from '../tree.ts'
import { isPath } from './relative-paths.ts'

/** What became of a literal that looks like a secret. */
export interface SecretLiteral {
  /** Dotted path in the document. */
  readonly path: string
  /** The variable that it is read from now; undefined: nothing can refer there, so the field was left out. */
  readonly fromEnv: string | undefined
}

export interface WithoutSecrets {
  readonly manifest: Readonly<Record<string, unknown>>
  readonly found: readonly SecretLiteral[]
}

type Path = readonly string[]

/**
 * A manifest without a literal that looks like a secret: a reference to a variable of its name stands there instead, or,
 * where the kind takes no reference, the whole field of `spec` (or the label) is left out and so not managed. Stricter
 * than the warning of `check`, because what is written into a file once is hard to take back. `variableOf` gives another
 * variable than that of its name.
 */
export function withoutSecrets(
  manifest: Readonly<Record<string, unknown>>,
  variableOf: (name: string, value: string) => string = (name) => name,
): WithoutSecrets {
  const kind = String(manifest.kind)
  const found: SecretLiteral[] = []
  const walk = (value: unknown, path: Path, places: SchemaPlaces): unknown => {
    if (takesReference(places)) {
      const name = path.at(-1) ?? ''
      const reference = referenceFor(value, name, variableOf)
      if (reference === undefined) return value
      found.push({ path: formatPath(path), fromEnv: 'fromEnv' in reference ? reference.fromEnv : name })
      return reference
    }
    if (Array.isArray(value)) {
      return value.map((item, index) => walk(item, [...path, `${index}`], stepInto(places, `${index}`)))
    }
    if (typeof value !== 'object' || value === null) return value
    const entries: [string, unknown][] = []
    for (const [key, child] of Object.entries(value)) {
      const at = [...path, key]
      const below = stepInto(places, key)
      if (isUnit(at) && holdsSecret(child, below)) found.push({ path: formatPath(at), fromEnv: undefined })
      else entries.push([key, walk(child, at, below)])
    }
    return Object.fromEntries(entries)
  }
  const clean = walk(manifest, [], schemaAt(kind, [])) as Readonly<Record<string, unknown>>
  return { manifest: clean, found }
}

/** What is left out as a whole: a field of `spec`, a label, an annotation. */
function isUnit([first, second, third, ...rest]: Path): boolean {
  if (rest.length > 0) return false
  return first === 'spec'
    ? second !== undefined && third === undefined
    : first === 'metadata' && third !== undefined
}

function holdsSecret(value: unknown, places: SchemaPlaces): boolean {
  if (takesReference(places)) return false
  if (typeof value === 'string') return !isPath(places) && looksLikeToken(value)
  if (Array.isArray(value)) {
    const texts = value.filter((item) => typeof item === 'string')
    return (
      texts.some((text, index) => isSecretArgument(text, texts[index + 1])) ||
      value.some((item, index) => holdsSecret(item, stepInto(places, `${index}`)))
    )
  }
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, child]) => holdsSecret(child, stepInto(places, key)))
}

/** `--password=x`, or `--password` before its value. */
function isSecretArgument(text: string, next: string | undefined): boolean {
  const flag = /^--?([\w-]+)(?:=(.*))?$/s.exec(text)
  if (!flag) return false
  const [, name = '', value = next ?? ''] = flag
  return !value.startsWith('-') && isSecret(name, value)
}

/** What stands in place of a value; undefined: it may stay as it is. */
function referenceFor(
  value: unknown,
  name: string,
  variableOf: (name: string, value: string) => string,
): Reference | undefined {
  if (typeof value === 'string') {
    return isSecret(name, value) ? { fromEnv: variableOf(name, value) } : undefined
  }
  if (!isReference(value) || value.default === undefined || !isSecret(name, value.default)) return undefined
  const { default: _, ...rest } = value
  return rest
}

/** Names whose values are secret whatever they look like, beside those of `namesSecret`. */
const secretName = /pwd|(?:^|[_-])(?:pin|pass)$/i

/** Names that often, but not always, hold a secret. */
const doubtfulName = /auth|cookie|session|salt|signature|signing|private|(?:^|[_-])(?:dsn|key)$/i

/** Words, numbers, paths and plain addresses, which nobody would protect. */
const harmless = /^(?:\d+|true|false|[a-z][a-z-]{0,15}|[./~].*|[a-z]+:\/\/[\w.:/-]+)$/i

function isSecret(name: string, text: string): boolean {
  if (text === '') return false
  if (looksLikeSecret(name, text)) return true
  if (namesSecret(name) || secretName.test(name)) return !/^(?:\d{1,3}|true|false|[./~].*)$/i.test(text)
  return doubtfulName.test(name) && !harmless.test(text)
}
