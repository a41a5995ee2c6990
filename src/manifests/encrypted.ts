import { createHash } from 'node:crypto'
import type { Diagnostic } from '../core/diagnostic.ts'
import type { EncryptedPlace } from '../core/secret.ts'
import { faultAt } from './fault.ts'
import { schemaAt, takesReference } from './schema-walk.ts'
import { type Entry, formatPath, type MapTree, type ScalarTree, type Tree, walkTree } from './tree.ts'

/** What SOPS writes in the place of a value: its type is the last thing in it. */
const encryptedValue = /^ENC\[AES256_GCM,data:.*,iv:.+,tag:.+,type:(\w+)\]$/s

const usualHint =
  'Encrypt only secrets: put `encrypted_regex: ^(env|token|secret)$` into .sops.yaml and encrypt it anew.'

const referenceHint = 'What is encrypted as a whole holds values and no references: write the value itself.'

/**
 * A document of a file that SOPS encrypted, without the map that SOPS adds, and with the place of each encrypted value in
 * its file. Nothing is decrypted. What SOPS did not encrypt is given as it is.
 */
export function withEncryptedPlaces(root: MapTree, document: number): MapTree {
  if (root.entries.get('sops')?.value.type !== 'map') return root
  const { file } = root.span
  const hash = hashOf(file.text)
  const place = (path: readonly string[]): EncryptedPlace => ({ file: file.path, document, path, hash })
  const entries = new Map([...root.entries].filter(([key]) => key !== 'sops'))
  return mark({ ...root, entries }, [], place) as MapTree
}

/** Names the text of a file, so that what is decrypted later is known to be what was read. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function mark(tree: Tree, path: readonly string[], place: (path: readonly string[]) => EncryptedPlace): Tree {
  if (tree.type === 'scalar') return typeOf(tree) === undefined ? tree : { ...tree, encrypted: place(path) }
  if (tree.type === 'list')
    return { ...tree, items: tree.items.map((item, index) => mark(item, [...path, `${index}`], place)) }
  const marked = [...tree.entries].map(([key, entry]): [string, Entry] => [
    key,
    { ...entry, value: mark(entry.value, [...path, key], place) },
  ])
  return { ...tree, entries: new Map(marked) }
}

/** The type of an encrypted value, in the words of SOPS; undefined: it is not encrypted. */
function typeOf({ value }: ScalarTree): string | undefined {
  return typeof value === 'string' ? encryptedValue.exec(value)?.[1] : undefined
}

/** Of a value that says what a document is, or of any other that is no secret. */
export function encryptedField(tree: ScalarTree, path: readonly string[], hint = usualHint): Diagnostic {
  return faultAt(tree.span, {
    code: 'encrypted-field',
    message: `\`${formatPath(path)}\` is encrypted, and only values that may be references can be`,
    hint,
  })
}

/** What is encrypted and cannot be: it takes no reference, or is no text. `path`: what is faulty by that. */
export function findEncryptedFaults(
  kind: string,
  root: Tree,
): readonly { readonly path: readonly string[]; readonly fault: Diagnostic }[] {
  const found: { readonly path: readonly string[]; readonly fault: Diagnostic }[] = []
  walkTree(root, (tree, path) => {
    if (tree.type !== 'scalar' || !tree.encrypted) return undefined
    const type = typeOf(tree)
    const holder = path.slice(0, -1)
    if (takesReference(schemaAt(kind, holder)))
      found.push({ path: holder, fault: encryptedField(tree, path, referenceHint) })
    else if (!takesReference(schemaAt(kind, path))) found.push({ path, fault: encryptedField(tree, path) })
    else if (type !== 'str') found.push({ path, fault: wrongType(tree, path, type) })
    return undefined
  })
  return found
}

const typeNames: Readonly<Record<string, string>> = { int: 'number', float: 'number', bool: 'truth value' }

function wrongType(tree: ScalarTree, path: readonly string[], type: string | undefined): Diagnostic {
  return faultAt(tree.span, {
    code: 'wrong-type',
    message: `Expected \`${formatPath(path)}\` to be a text, got an encrypted ${typeNames[type ?? ''] ?? 'value'}`,
    hint: 'Write it in quotes before it is encrypted (`sops edit FILE`).',
  })
}

/** The value as its schema judges it: what is encrypted counts as a reference. */
export function valueForSchema(tree: Tree): unknown {
  if (tree.type === 'scalar') return tree.encrypted ? { fromEnv: 'SOPS' } : tree.value
  if (tree.type === 'list') return tree.items.map(valueForSchema)
  return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, valueForSchema(value)]))
}
