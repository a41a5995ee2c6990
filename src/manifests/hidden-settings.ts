import { scanIds } from './scan-ids.ts'
import { suggest } from './suggest.ts'
import { childOf, type Tree, textOf } from './tree.ts'

/** Kinds that decide what may be done with all others: where one of them cannot be read, nobody knows that. */
export const rulingKinds = Object.freeze(['Fleet', 'Policy'] as const)

export type RulingKind = (typeof rulingKinds)[number]

/**
 * Ruling kinds that a text which cannot be parsed seems to hold, in whatever style, without a name that could be read.
 * Where somebody wrote `kind Policy`, or began it with other quotes than he ended it, it was one all the same.
 */
export function hiddenInText(text: string): readonly RulingKind[] {
  // Of UTF-16 that is taken for UTF-8 every other sign is a NUL.
  const legible = text.replaceAll('\0', '')
  const words = new Set([...legible.matchAll(kindOfRuling)].map(([, word]) => word?.toLowerCase()))
  return rulingKinds.filter((kind) => words.has(kind.toLowerCase()) && scanIds(legible, [kind]).length === 0)
}

/** Each repetition is bounded: a text of nothing but beginnings would take the square of its length. */
const kindOfRuling = /\bkind\b["']?[\s:=]{0,80}(?:[!&]\S{0,40}\s{1,80}){0,3}["']?(Fleet|Policy)\b/gi

/**
 * The ruling kind that a parsed value seems to be which is no document of ours: by its kind, also a misspelt one, or
 * where that says nothing by what only such a one has. `kinds`: all that exist.
 */
export function hiddenInTree(tree: Tree, kinds: readonly string[]): RulingKind | undefined {
  const meant = suggest(textOf(tree, 'kind') ?? '', kinds)
  if (meant !== undefined) return rulingKinds.find((each) => each === meant)
  return childOf(childOf(tree, 'spec'), 'rule') ? 'Policy' : undefined
}
