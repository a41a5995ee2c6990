import type { Diagnostic } from '../core/diagnostic.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Document } from './document.ts'
import { quote } from './excerpt.ts'
import { faultAt } from './fault.ts'
import { positionAt } from './source-file.ts'
import { suggest } from './suggest.ts'
import { childOf, type Entry, type MapTree, spanOf, type Tree } from './tree.ts'
import { validateDocument } from './validate.ts'

/** A document together with what an environment changed in it. Each value keeps the place it came from. */
export interface Layered extends Document {
  /** Every file that has a part in it, absolute; its own first. */
  readonly files: readonly string[]
}

export interface Overlay {
  readonly documents: readonly Layered[]
  readonly diagnostics: readonly Diagnostic[]
}

/** A document of the base as it stands. */
export function layer(document: Document): Layered {
  return { ...document, files: [document.file.path] }
}

/**
 * Lays an environment's documents over the base: by `Kind/name`, an RFC 7386 merge patch on `metadata` and `spec`;
 * `$delete: true` drops one, and a whole document that the base does not have adds one. Relative paths in a patch
 * are relative to the file of the document that it patches.
 */
export function overlay(
  base: readonly Layered[],
  patches: readonly Document[],
  environment: {
    readonly name: string
    /** Whether the base is all there is: a document that it lacks is an addition then. */
    readonly isBaseWhole: boolean
    /** Whether the base perhaps has it after all, in a file that was not read or is broken. */
    readonly mayExist: (id: ResourceId) => boolean
  },
): Overlay {
  const layers = new Map<ResourceId, Layered>(base.map((document) => [keyOf(document), document]))
  const diagnostics: Diagnostic[] = []
  const seen = new Map<ResourceId, Document>()
  for (const patch of patches) {
    const key = keyOf(patch)
    const earlier = seen.get(key)
    if (earlier) {
      diagnostics.push(duplicate(patch, earlier))
      continue
    }
    seen.set(key, patch)
    const target = layers.get(key)
    const deletion = patch.root.entries.get('$delete')
    if (deletion && !isTrue(deletion.value)) {
      diagnostics.push(
        faultAt(spanOf({ key: deletion.key, tree: deletion.value }), {
          code: 'wrong-value',
          message: 'Expected `$delete` to be `true`',
          hint: 'Remove the field to keep the resource.',
        }),
      )
    } else if (!target) {
      const fault = checkAddition(patch, base, environment.name)
      if (!fault && environment.isBaseWhole) layers.set(key, layer(patch))
      else if (fault && !environment.mayExist(patch.id)) diagnostics.push(fault)
    } else if (deletion) layers.delete(key)
    else layers.set(key, apply(target, patch))
  }
  return { documents: [...layers.values()], diagnostics }
}

/** There is one Fleet, whatever its name: a patch of it need not repeat the name, and may change it. */
function keyOf(document: Document): ResourceId {
  return document.kind === 'Fleet' ? ('Fleet/' as ResourceId) : document.id
}

function apply(target: Layered, patch: Document): Layered {
  const merged = mergePatch(target.root, patch.root)
  // Only a mapping patched by a mapping comes here.
  const root: MapTree = merged.type === 'map' ? merged : target.root
  const isRenamed = patch.kind === 'Fleet' && childOf(childOf(patch.root, 'metadata'), 'name') !== undefined
  return {
    ...target,
    ...(isRenamed ? { id: patch.id, name: patch.name } : {}),
    root,
    files: [...target.files, patch.file.path],
  }
}

/** RFC 7386: a mapping is merged key by key, `null` removes, anything else replaces. */
function mergePatch(target: Tree | undefined, patch: Tree): Tree {
  if (patch.type !== 'map') return patch
  const isMerge = target?.type === 'map'
  const entries = new Map<string, Entry>(isMerge ? target.entries : [])
  for (const [key, entry] of patch.entries) {
    if (entry.value.type === 'scalar' && entry.value.value === null) entries.delete(key)
    else entries.set(key, { key: entry.key, value: mergePatch(entries.get(key)?.value, entry.value) })
  }
  return { type: 'map', span: isMerge ? target.span : patch.span, entries }
}

function checkAddition(
  patch: Document,
  base: readonly Layered[],
  environment: string,
): Diagnostic | undefined {
  const isDeletion = patch.root.entries.has('$delete')
  const [first] = validateDocument(patch.kind, patch.root)
  if (!isDeletion && !first) return undefined
  const meant = suggest(
    patch.id,
    base.map((document) => document.id).filter((id) => id.startsWith(`${patch.kind}/`)),
  )
  const verb = isDeletion ? 'deletes' : 'patches'
  return faultAt(patch.head, {
    code: 'patch-without-base',
    message: `The environment ${quote(environment)} ${verb} ${patch.id}, which the base does not have`,
    hint: meant
      ? `Did you mean ${meant}?`
      : isDeletion
        ? 'Remove the document.'
        : `To add it, write a whole document: ${first?.message ?? ''}.`,
  })
}

function duplicate(patch: Document, earlier: Document): Diagnostic {
  const { file, line } = positionAt(earlier.file, earlier.head.start)
  return faultAt(patch.head, {
    code: 'duplicate-patch',
    message: `The environment patches ${patch.id} twice: first in ${file}:${line}`,
    hint: 'Join them in one document.',
  })
}

function isTrue(tree: Tree): boolean {
  return tree.type === 'scalar' && tree.value === true
}
