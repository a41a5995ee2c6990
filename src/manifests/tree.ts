import type { EncryptedPlace } from '../core/secret.ts'
import type { Span } from './source-file.ts'

/** A parsed value that knows where each of its parts was written. */
export type Tree = MapTree | ListTree | ScalarTree

export interface MapTree {
  readonly type: 'map'
  readonly span: Span
  readonly entries: ReadonlyMap<string, Entry>
}

export interface Entry {
  readonly key: Span
  readonly value: Tree
}

export interface ListTree {
  readonly type: 'list'
  readonly span: Span
  readonly items: readonly Tree[]
}

export interface ScalarTree {
  readonly type: 'scalar'
  readonly span: Span
  readonly value: string | number | boolean | null
  /** Where it is decrypted from; then `value` is what stands there, encrypted. */
  readonly encrypted?: EncryptedPlace
}

/** The value alone; of what is encrypted a reference. Shared parts (aliases) stay shared. */
export function treeValue(tree: Tree): unknown {
  switch (tree.type) {
    case 'scalar':
      return tree.encrypted ? { fromSops: tree.encrypted } : tree.value
    case 'list':
      return tree.items.map(treeValue)
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, treeValue(entry.value)]))
  }
}

/** Every value of a tree with its path, the outer one first. What is inside one is passed over where `visit` says so. */
export function walkTree(
  tree: Tree,
  visit: (tree: Tree, path: readonly string[]) => 'pass over' | undefined,
  path: readonly string[] = [],
): void {
  if (visit(tree, path) === 'pass over') return
  if (tree.type === 'map') for (const [key, { value }] of tree.entries) walkTree(value, visit, [...path, key])
  if (tree.type === 'list')
    for (const [index, item] of tree.items.entries()) walkTree(item, visit, [...path, `${index}`])
}

/** The child under a key; undefined where there is none. */
export function childOf(tree: Tree | undefined, key: string): Tree | undefined {
  if (tree?.type === 'map') return tree.entries.get(key)?.value
  if (tree?.type === 'list') return tree.items[Number(key)]
  return undefined
}

/** The text of a scalar under a key; undefined where there is none. */
export function textOf(tree: Tree | undefined, key: string): string | undefined {
  const child = childOf(tree, key)
  return child?.type === 'scalar' && typeof child.value === 'string' ? child.value : undefined
}

/** Where a path was written: its value, or the key of what has no value or spreads over lines. */
export interface Place {
  /** The key that leads to it; undefined for a document's root or a list item. */
  readonly key: Span | undefined
  readonly tree: Tree
}

/** Follows a path as far as it exists. */
export function placeAt(root: Tree, path: readonly string[]): Place {
  let place: Place = { key: undefined, tree: root }
  for (const segment of path) {
    if (place.tree.type === 'map') {
      const entry = place.tree.entries.get(segment)
      if (!entry) break
      place = { key: entry.key, tree: entry.value }
    } else {
      const child = childOf(place.tree, segment)
      if (!child) break
      place = { key: undefined, tree: child }
    }
  }
  return place
}

/** What to underline for a fault of the value at a place: the value itself if it is a scalar, else its key. */
export function spanOf(place: Place): Span {
  const { tree, key } = place
  if (tree.type === 'scalar' && tree.span.end > tree.span.start) return tree.span
  return key ?? tree.span
}

/** Splits a JSON Pointer (RFC 6901) into its segments. */
export function parsePointer(pointer: string): readonly string[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Joins segments into a JSON Pointer (RFC 6901). */
export function formatPointer(path: readonly string[]): string {
  return path.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A path as people write it: `spec.args[0]`, `metadata.labels."a.b"`. */
export function formatPath(path: readonly string[]): string {
  let text = ''
  for (const segment of path) {
    if (/^\d+$/.test(segment) && text !== '') text += `[${segment}]`
    else {
      const name = /^[\w$-]+$/.test(segment) ? segment : JSON.stringify(segment)
      text += text === '' ? name : `.${name}`
    }
  }
  return text
}
