import {
  type Alias,
  CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  parseAllDocuments,
  type YAMLError,
} from 'yaml'
import type { Diagnostic } from '../core/diagnostic.ts'
import { faultAt } from './fault.ts'
import { limits } from './limits.ts'
import { precheck, tooDeep } from './precheck.ts'
import { positionAt, type SourceFile, type Span } from './source-file.ts'
import type { Entry, Tree } from './tree.ts'

/** The documents of one file. Those that are not YAML are missing; their faults are told. */
export interface ParsedFile {
  readonly file: SourceFile
  readonly documents: readonly Tree[]
  readonly diagnostics: readonly Diagnostic[]
  /** The text of each document that is missing. */
  readonly unread: readonly string[]
}

/** YAML 1.2 and nothing beside it: no merge keys, and texts as the only keys. */
const options = {
  version: '1.2',
  schema: 'core',
  merge: false,
  strict: true,
  stringKeys: true,
  // The parser compares each key with each other one; `toTree` looks them up instead.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const

/** Names that JavaScript takes for the machinery of an object (CVE-2025-64718 and its like). */
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** What YAML's core schema knows; sets, ordered maps and binary values are not part of it. */
const plainTags: ReadonlySet<string> = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
)
const tagMessage = 'Expected a value without a tag, or with one of the core of YAML 1.2'
const tagHint = 'Remove the tag; a value in quotes is a text.'

/** Errors that are no consequence of an earlier one: all of them are told, of the others the first. */
const independentErrors: ReadonlySet<string> = new Set([
  'TAB_AS_INDENT',
  'TAG_RESOLVE_FAILED',
  'BAD_DQ_ESCAPE',
])

/** Most faults told of one document's syntax. */
const maxErrors = 20

export function parseManifest(file: SourceFile): ParsedFile {
  const refused = precheck(file)
  if (refused) return { file, documents: [], diagnostics: [refused], unread: [file.text] }
  try {
    return parseChecked(file)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // The stack ended: something nested that the precheck does not count, such as a row of tags.
    return {
      file,
      documents: [],
      diagnostics: [tooDeep({ file, start: 0, end: 1 })],
      unread: [file.text],
    }
  }
}

function parseChecked(file: SourceFile): ParsedFile {
  const parsed = parseAllDocuments(file.text, options)
  const documents: Tree[] = []
  const diagnostics: Diagnostic[] = []
  const unread: string[] = []
  let end = 0
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const start = end
    end = document.range[2]
    const { explicit, version } = document.directives.yaml
    if (explicit && version !== '1.2') {
      const start = Math.max(0, file.text.indexOf('%YAML'))
      diagnostics.push(
        faultAt(
          { file, start, end: start + '%YAML'.length },
          {
            code: 'yaml-version',
            message: `Expected YAML 1.2, got YAML ${version}`,
            hint: 'Remove the line: `no` and `on` are texts then.',
          },
        ),
      )
    }
    const errors = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])
    diagnostics.push(...syntaxFaults(file, errors))
    if (errors.length > 0) unread.push(file.text.slice(start, end))
    if (errors.length > 0 || !document.contents || isNothing(document.contents)) continue
    const builder = new TreeBuilder(file)
    const root = builder.build(document.contents)
    diagnostics.push(...builder.diagnostics)
    if (root) documents.push(root)
    else unread.push(file.text.slice(start, end))
  }
  if (documents.length === 0 && diagnostics.length === 0) {
    diagnostics.push(
      faultAt(
        { file, start: 0, end: 1 },
        {
          code: 'empty-file',
          message: 'The file holds no document',
          hint: 'Delete it, or list it in .reconcileignore.',
        },
      ),
    )
  }
  return { file, documents, diagnostics, unread }
}

function isNothing(node: Node): boolean {
  return isScalar(node) && node.value === null && !node.source
}

function syntaxFaults(file: SourceFile, errors: readonly YAMLError[]): readonly Diagnostic[] {
  const lines = new Set<number>()
  const told: Diagnostic[] = []
  for (const [index, error] of errors.entries()) {
    if (index > 0 && !independentErrors.has(error.code)) continue
    const isOpenQuote = error.code === 'MISSING_CHAR' && /quote$/.test(error.message)
    const start = isOpenQuote
      ? lastQuoteBefore(file.text, error.pos[0])
      : Math.min(error.pos[0], Math.max(0, file.text.length - 1))
    const { line } = positionAt(file, start)
    if (lines.has(line)) continue
    lines.add(line)
    told.push(
      faultAt({ file, start, end: Math.max(start + 1, error.pos[1]) }, describeError(file, error, start)),
    )
    if (told.length === maxErrors) break
  }
  return told
}

/** Where the quotes begin that are never closed; the parser names their end, which may be many lines away. */
function lastQuoteBefore(text: string, end: number): number {
  let offset = 0
  let quote = Math.max(0, end - 1)
  for (const token of new Lexer().lex(text)) {
    if (token === CST.SCALAR || token === CST.DOCUMENT || token === CST.FLOW_END) continue
    if (offset >= end) break
    if (/^["']/.test(token)) quote = offset
    offset += token.length
  }
  return quote
}

/** The parser's own words may quote the source, which may hold a secret: they are cut before the quotation. */
function describeError(file: SourceFile, error: YAMLError, start: number) {
  const own = error.message.split(/: "|: (?=[^ ]*$)|\n/, 1)[0]?.replace(/"[^"]{3,}"?/g, '…') ?? ''
  switch (error.code) {
    case 'TAG_RESOLVE_FAILED':
      return { code: 'yaml-tag' as const, message: tagMessage, hint: tagHint }
    case 'NON_STRING_KEY':
      return {
        code: 'yaml-key-not-text' as const,
        message: 'Expected the key to be a text',
        hint: 'Write the key in quotes.',
      }
    case 'TAB_AS_INDENT':
      return {
        code: 'yaml-syntax' as const,
        message: 'Expected spaces as indentation, got a tab',
        hint: 'Indent with spaces.',
      }
    case 'BAD_ALIAS':
      return {
        code: 'yaml-alias' as const,
        message: `The alias or anchor is not valid: ${own}`,
        hint: undefined,
      }
    case 'MISSING_CHAR':
      if (/quote$/.test(error.message)) {
        return {
          code: 'yaml-syntax' as const,
          message: 'Expected the quotation mark that opens here to be closed',
          hint: 'Close the quotes.',
        }
      }
      if (/end with a [\]}]$/.test(error.message)) return closing(error.message.slice(-1))
      return {
        code: 'yaml-syntax' as const,
        message: `The YAML is not valid: ${own}`,
        hint: hintFor(error, file, start),
      }
    case 'BAD_INDENT':
      if (/end with a [\]}]$/.test(error.message)) return closing(error.message.slice(-1))
      return {
        code: 'yaml-syntax' as const,
        message: `The YAML is not valid: ${own}`,
        hint: hintFor(error, file, start),
      }
    default:
      return {
        code: 'yaml-syntax' as const,
        message: `The YAML is not valid: ${own}`,
        hint: hintFor(error, file, start),
      }
  }
}

function closing(bracket: string) {
  const what = bracket === ']' ? 'list' : 'mapping'
  return {
    code: 'yaml-syntax' as const,
    message: `Expected \`${bracket}\` before here, which closes a ${what} that began above`,
    hint: `Write the \`${bracket}\`, and indent what is inside.`,
  }
}

function hintFor(error: YAMLError, file: SourceFile, start: number): string | undefined {
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'Write the value in quotes if it holds `: `, or begin a new line.'
    case 'MISSING_CHAR':
      if (/map values$/.test(error.message)) return 'Write `key: value`, with a space after the colon.'
      return undefined
    case 'BAD_SCALAR_START':
      return 'Write the value in quotes.'
    case 'BAD_DQ_ESCAPE':
      return 'Double the backslash, or use single quotes.'
    case 'BAD_INDENT':
      return 'Indent what belongs together by the same number of spaces.'
    case 'UNEXPECTED_TOKEN':
      return /["']/.test(file.text[start - 1] ?? '') ? 'Write the whole value inside the quotes.' : undefined
    default:
      return undefined
  }
}

/** Turns the parser's nodes into a tree, with what only a whole document shows: keys, aliases, size. */
class TreeBuilder {
  readonly diagnostics: Diagnostic[] = []
  readonly #file: SourceFile
  readonly #anchors = new Map<string, { tree: Tree | undefined; weight: number; depth: number }>()

  constructor(file: SourceFile) {
    this.#file = file
  }

  build(node: Node): Tree | undefined {
    const { tree, weight, depth } = this.#convert(node)
    if (depth > limits.depth) this.diagnostics.push(tooDeep(tree.span))
    if (weight > limits.values) {
      this.diagnostics.push(
        faultAt(tree.span, {
          code: 'yaml-too-many-aliases',
          message: `Expected at most ${limits.values} values after the aliases are expanded`,
          hint: 'Write the values out.',
        }),
      )
    }
    // A bomb must not be expanded by anybody; other faults leave something to look at.
    return weight > limits.values || depth > limits.depth ? undefined : tree
  }

  #convert(node: Node | null): { tree: Tree; weight: number; depth: number } {
    const span = this.#span(node)
    if (node === null) return { tree: { type: 'scalar', span, value: null }, weight: 1, depth: 0 }
    if (isAlias(node)) return this.#follow(node, span)
    this.#checkTag(node, span)
    const anchor = node.anchor
    if (anchor) this.#anchors.set(anchor, { tree: undefined, weight: 0, depth: 0 })
    const built = this.#convertOwn(node, span)
    if (anchor) this.#anchors.set(anchor, built)
    return built
  }

  #convertOwn(node: Node, span: Span): { tree: Tree; weight: number; depth: number } {
    let weight = 1
    let depth = 0
    if (isSeq(node)) {
      const items: Tree[] = []
      for (const item of node.items) {
        const child = this.#convert(item as Node | null)
        items.push(child.tree)
        weight += child.weight
        depth = Math.max(depth, child.depth)
      }
      return { tree: { type: 'list', span, items }, weight, depth: depth + 1 }
    }
    if (isMap(node)) {
      const entries = new Map<string, Entry>()
      for (const pair of node.items) {
        const keySpan = this.#span(pair.key as Node | null)
        const child = this.#convert(pair.value as Node | null)
        weight += child.weight
        depth = Math.max(depth, child.depth)
        const key = isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : undefined
        if (key === undefined) {
          this.#fault(
            keySpan,
            'yaml-key-not-text',
            'Expected the key to be a text',
            'Write the key in quotes.',
          )
        } else if (this.#isKeyFine(key, keySpan, entries)) {
          entries.set(key, { key: keySpan, value: child.tree })
        }
      }
      return { tree: { type: 'map', span, entries }, weight, depth: depth + 1 }
    }
    const value = isScalar(node) ? this.#scalar(node.value, span) : null
    return { tree: { type: 'scalar', span, value }, weight, depth }
  }

  #checkTag(node: Node, span: Span): void {
    if (node.tag === undefined || plainTags.has(node.tag)) return
    this.#fault(span, 'yaml-tag', tagMessage, tagHint)
  }

  #scalar(value: unknown, span: Span): string | number | boolean | null {
    if (typeof value === 'string') {
      if (value.includes('\0') || !value.isWellFormed()) {
        this.#fault(
          span,
          'control-character',
          'Expected text, got a NUL character or half of a surrogate pair',
          'Remove the escape.',
        )
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
    this.#fault(span, 'yaml-ambiguous-number', message, 'Write it in quotes if it is a text.')
  }

  #isKeyFine(key: string, span: Span, entries: ReadonlyMap<string, Entry>): boolean {
    const first = entries.get(key)
    if (first) {
      const { line } = positionAt(this.#file, first.key.start)
      this.#fault(
        span,
        'yaml-duplicate-key',
        `The key ${JSON.stringify(key)} stands twice: first in line ${line}`,
        'Remove one of them.',
      )
      return false
    }
    if (forbiddenKeys.has(key)) {
      this.#fault(span, 'yaml-forbidden-key', `The key \`${key}\` is not allowed`, 'Choose another key.')
      return false
    }
    if (key === '<<') {
      this.#fault(
        span,
        'yaml-merge-key',
        'Expected a field, got the merge key `<<`, which YAML 1.2 does not have',
        'Write the fields out.',
      )
      return false
    }
    if (/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(key)) {
      this.#fault(
        span,
        'control-character',
        'Expected the key to hold no control character',
        'Remove the escape.',
      )
      return false
    }
    return true
  }

  #follow(alias: Alias, span: Span): { tree: Tree; weight: number; depth: number } {
    const target = this.#anchors.get(alias.source)
    if (target?.tree) return { tree: target.tree, weight: target.weight, depth: target.depth }
    this.#fault(
      span,
      'yaml-alias',
      target ? 'The alias lies in the value that it stands for' : 'The alias names no anchor before it',
      'Correct the name, or write the value out.',
    )
    return { tree: { type: 'scalar', span, value: null }, weight: 1, depth: 0 }
  }

  #span(node: Node | null): Span {
    const [start, end] = node?.range ?? [0, 0]
    return { file: this.#file, start, end }
  }

  #fault(span: Span, code: Parameters<typeof faultAt>[1]['code'], message: string, hint: string): void {
    this.diagnostics.push(faultAt(span, { code, message, hint }))
  }
}
