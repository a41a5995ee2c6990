import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Diagnostic } from '../core/diagnostic.ts'
import { type Finding, faultAt } from './fault.ts'
import { limits } from './limits.ts'
import { tooDeep } from './precheck.ts'
import { positionAt, type SourceFile, type Span } from './source-file.ts'
import { keyFault, tagFault } from './syntax-faults.ts'
import type { Entry, ScalarTree, Tree } from './tree.ts'

/** Names that JavaScript takes for the machinery of an object (CVE-2025-64718 and its like). */
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** What YAML's core schema knows; sets, ordered maps and binary values are not part of it. */
const plainTags: ReadonlySet<string> = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
)

/** A tree with what it would be once its aliases are expanded: so many values, so deep. */
interface Weighed {
  readonly tree: Tree
  readonly weight: number
  readonly depth: number
}

/** Turns the parser's nodes into a tree, with what only a whole document shows: keys, aliases, size. */
export class TreeBuilder {
  readonly diagnostics: Diagnostic[] = []
  readonly #file: SourceFile
  /** Undefined: the value that it stands for has not ended yet. */
  readonly #anchors = new Map<string, Weighed | undefined>()

  constructor(file: SourceFile) {
    this.#file = file
  }

  build(node: Node): Tree | undefined {
    const { tree, weight, depth } = this.#convert(node)
    if (depth > limits.depth) this.diagnostics.push(tooDeep(tree.span))
    if (weight > limits.values) {
      this.#fault(tree.span, {
        code: 'yaml-too-many-aliases',
        message: `Expected at most ${limits.values} values after the aliases are expanded`,
        hint: 'Write the values out.',
      })
    }
    // A bomb must not be expanded by anybody; other faults leave something to look at.
    return weight > limits.values || depth > limits.depth ? undefined : tree
  }

  #convert(node: Node | null): Weighed {
    const span = this.#span(node)
    if (node === null) return nothingAt(span)
    if (isAlias(node)) return this.#follow(node, span)
    if (node.tag !== undefined && !plainTags.has(node.tag)) this.#fault(span, tagFault)
    const { anchor } = node
    if (anchor) this.#anchors.set(anchor, undefined)
    const built = this.#convertOwn(node, span)
    if (anchor) this.#anchors.set(anchor, built)
    return built
  }

  #convertOwn(node: Node, span: Span): Weighed {
    if (isSeq(node)) return this.#list(node, span)
    if (isMap(node)) return this.#map(node, span)
    const value = isScalar(node) ? this.#scalar(node.value, span) : null
    return { tree: { type: 'scalar', span, value }, weight: 1, depth: 0 }
  }

  #list(node: YAMLSeq, span: Span): Weighed {
    const children = node.items.map((item) => this.#convert(item as Node | null))
    return weigh({ type: 'list', span, items: children.map(({ tree }) => tree) }, children)
  }

  #map(node: YAMLMap, span: Span): Weighed {
    const entries = new Map<string, Entry>()
    const children = node.items.map((pair) => {
      const keySpan = this.#span(pair.key as Node | null)
      const child = this.#convert(pair.value as Node | null)
      const key = isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : undefined
      const fault = key === undefined ? keyFault : this.#faultOfKey(key, entries)
      if (fault) this.#fault(keySpan, fault)
      else if (key !== undefined) entries.set(key, { key: keySpan, value: child.tree })
      return child
    })
    return weigh({ type: 'map', span, entries }, children)
  }

  #faultOfKey(key: string, entries: ReadonlyMap<string, Entry>): Finding | undefined {
    const first = entries.get(key)
    if (first) {
      const { line } = positionAt(this.#file, first.key.start)
      return {
        code: 'yaml-duplicate-key',
        message: `The key ${JSON.stringify(key)} stands twice: first in line ${line}`,
        hint: 'Remove one of them.',
      }
    }
    if (forbiddenKeys.has(key)) {
      return {
        code: 'yaml-forbidden-key',
        message: `The key \`${key}\` is not allowed`,
        hint: 'Choose another key.',
      }
    }
    if (key === '<<') {
      return {
        code: 'yaml-merge-key',
        message: 'Expected a field, got the merge key `<<`, which YAML 1.2 does not have',
        hint: 'Write the fields out.',
      }
    }
    if (/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(key)) {
      return {
        code: 'control-character',
        message: 'Expected the key to hold no control character',
        hint: 'Remove the escape.',
      }
    }
    return undefined
  }

  #scalar(value: unknown, span: Span): ScalarTree['value'] {
    if (typeof value === 'string') {
      if (value.includes('\0') || !value.isWellFormed()) {
        this.#fault(span, {
          code: 'control-character',
          message: 'Expected text, got a NUL character or half of a surrogate pair',
          hint: 'Remove the escape.',
        })
      }
      return value
    }
    if (typeof value === 'number') this.#checkNumber(value, span)
    return typeof value === 'number' || typeof value === 'boolean' ? value : null
  }

  #checkNumber(value: number, span: Span): void {
    const source = this.#file.text.slice(span.start, span.end)
    if (/^[-+]?0\d/.test(source)) {
      this.#ambiguous(span, `Expected a number without a leading zero, got ${source.slice(0, 40)}`)
    } else if (!Number.isFinite(value)) {
      this.#ambiguous(span, `Expected a finite number, got ${source.slice(0, 40)}`)
    } else if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      this.#ambiguous(span, 'Expected a number of at most 15 digits, got one that would lose digits')
    }
  }

  #ambiguous(span: Span, message: string): void {
    this.#fault(span, {
      code: 'yaml-ambiguous-number',
      message,
      hint: 'Write it in quotes if it is a text.',
    })
  }

  #follow(alias: Alias, span: Span): Weighed {
    const target = this.#anchors.get(alias.source)
    if (target) return target
    this.#fault(span, {
      code: 'yaml-alias',
      message: this.#anchors.has(alias.source)
        ? 'The alias lies in the value that it stands for'
        : 'The alias names no anchor before it',
      hint: 'Correct the name, or write the value out.',
    })
    return nothingAt(span)
  }

  #span(node: Node | null): Span {
    const [start, end] = node?.range ?? [0, 0]
    return { file: this.#file, start, end }
  }

  #fault(span: Span, finding: Finding): void {
    this.diagnostics.push(faultAt(span, finding))
  }
}

function nothingAt(span: Span): Weighed {
  return { tree: { type: 'scalar', span, value: null }, weight: 1, depth: 0 }
}

/** A value that holds others. */
function weigh(tree: Tree, children: readonly Weighed[]): Weighed {
  return {
    tree,
    weight: children.reduce((sum, child) => sum + child.weight, 1),
    depth: children.reduce((most, child) => Math.max(most, child.depth), 0) + 1,
  }
}
