import type { Diagnostic } from '../core/diagnostic.ts'
import { type ResourceId, resourceId } from '../core/resource.ts'
import { encryptedField, withEncryptedPlaces } from './encrypted.ts'
import { quote } from './excerpt.ts'
import { faultAt } from './fault.ts'
import type { SourceFile, Span } from './source-file.ts'
import { suggest } from './suggest.ts'
import { childOf, type Entry, type MapTree, placeAt, spanOf, type Tree, textOf } from './tree.ts'

/** The only version of the format. */
const apiVersion = 'reconcile.dev/v1'

/** One YAML document that is meant for us: it has our apiVersion and a kind that exists. */
export interface Document {
  readonly id: ResourceId
  readonly kind: string
  readonly name: string
  readonly root: MapTree
  readonly file: SourceFile
  /** Where its name stands, for faults of the document as a whole. */
  readonly head: Span
}

/** The name that a Fleet has where none is given. */
export const defaultFleetName = 'default'

/**
 * Tells our documents from others. A fault where it is none; undefined where its name is missing. `index` says which of
 * its file's documents it is, from 0.
 */
export function classify(read: Tree, kinds: readonly string[], index = 0): Document | Diagnostic {
  if (read.type !== 'map') {
    return faultAt(firstLine(read.span), {
      code: 'not-a-resource',
      message: 'Expected a document with `apiVersion`, `kind`, `metadata` and `spec`',
      hint: `Begin it with \`apiVersion: ${apiVersion}\`.`,
    })
  }
  const root = withEncryptedPlaces(read, index)
  const hidden = findHiddenHead(root)
  if (hidden) return hidden
  const foreign = checkVersion(root)
  if (foreign) return foreign
  const kind = root.entries.get('kind')
  const kindText = textOf(root, 'kind')
  if (kindText === undefined || !kinds.includes(kindText)) return wrongKind(root, kind, kindText, kinds)
  const name = root.entries.get('metadata')?.value
  const nameText = textOf(name, 'name') ?? (kindText === 'Fleet' ? defaultFleetName : '')
  const nameTree = childOf(name, 'name')
  const head = nameTree ? nameTree.span : (kind?.value.span ?? root.span)
  return {
    id: resourceId(kindText, nameText),
    kind: kindText,
    name: nameText,
    root,
    file: root.span.file,
    head,
  }
}

/** What says what a document is must be readable without decrypting it. */
function findHiddenHead(root: MapTree): Diagnostic | undefined {
  for (const path of [['apiVersion'], ['kind'], ['metadata', 'name']]) {
    const { tree } = placeAt(root, path)
    if (tree.type === 'scalar' && tree.encrypted) return encryptedField(tree, path)
  }
  return undefined
}

function checkVersion(root: MapTree): Diagnostic | undefined {
  const entry = root.entries.get('apiVersion')
  const version = textOf(root, 'apiVersion')
  if (version === apiVersion) return undefined
  if (!entry) {
    const misspelt = [...root.entries].find(([key]) => suggest(key, ['apiVersion']))
    if (misspelt) {
      return faultAt(misspelt[1].key, {
        code: 'unknown-field',
        message: `The field ${quote(misspelt[0])} does not exist in a document`,
        hint: 'Did you mean `apiVersion`?',
      })
    }
    return faultAt(firstLine(root.span), {
      code: 'other-program',
      message: `The document is not for reconcile: expected \`apiVersion: ${apiVersion}\`, got none`,
      hint: 'Add the line, or list the file in .reconcileignore.',
    })
  }
  const span = spanOf({ key: entry.key, tree: entry.value })
  const isMeant =
    version === undefined || /^reconcil\w*\.dev\//.test(version) || suggest(version, [apiVersion])
  if (isMeant) {
    return faultAt(span, {
      code: 'wrong-value',
      message: `Expected \`apiVersion\` to be \`${apiVersion}\`, got ${version === undefined ? 'something else' : quote(version)}`,
      hint: `Write \`apiVersion: ${apiVersion}\`.`,
    })
  }
  return faultAt(span, {
    code: 'other-program',
    message: `The document belongs to another program: its apiVersion is ${quote(version)}`,
    hint: 'Move it out of the folder, or list the file in .reconcileignore.',
  })
}

function wrongKind(
  root: MapTree,
  entry: Entry | undefined,
  kind: string | undefined,
  kinds: readonly string[],
): Diagnostic {
  const known = `Known kinds: ${kinds.join(', ')}.`
  if (!entry) {
    return faultAt(firstLine(root.span), {
      code: 'missing-field',
      message: 'The field `kind` is required and missing',
      hint: known,
    })
  }
  const meant = kind === undefined ? undefined : suggest(kind, kinds)
  return faultAt(spanOf({ key: entry.key, tree: entry.value }), {
    code: 'unknown-kind',
    message: kind === undefined ? 'Expected `kind` to be a text' : `The kind ${quote(kind)} does not exist`,
    hint: meant ? `Did you mean \`${meant}\`?` : known,
  })
}

function firstLine(span: Span): Span {
  const end = span.file.text.indexOf('\n', span.start)
  return { ...span, end: end === -1 ? span.end : Math.min(span.end, end) }
}

/** Whether `classify` found a document. */
export function isDocument(value: Document | Diagnostic): value is Document {
  return 'root' in value
}
