import { forbidden, limits } from './limits.ts'
import type { SourceFile, Span } from './source-file.ts'
import type { Entry, Tree } from './tree.ts'

// A reader for the YAML that manifests are made of: documents of block mappings and lists, with texts, numbers and
// collections that end in their own line. It understands a text wholly, or not at all: what is unusual, and everything
// that is wrong, is left to the parser of the whole language, which alone tells faults. Ten times as quick as that one in
// a program that has only just started, and so most of what `reconcile check` takes.

/** A line that holds more than white space and a comment. */
interface Line {
  readonly indent: number
  /** Offset of its first character after the indentation, and of the line's end before the line break. */
  readonly start: number
  readonly end: number
  /** Offset after the line break. */
  readonly next: number
}

/** Thrown and caught here: what is read is not plain. */
const notPlain = Symbol('not plain')

/** Characters that a key takes at least, with what comes before and after it. */
const shortest = 3

/** Deeper manifests are none that somebody has written. */
const maxDepth = 16

const key = /([A-Za-z_][A-Za-z0-9_./-]*):(?= |$)/y
/** Printable ASCII, begun by what begins no other thing than a text, a number or a word; ended by `stopOf`. */
const plain = /[A-Za-z0-9_./][\w ./:@=+,*?!$%^&~<>()[\]{}|;"'`#\\-]*/y
const flowPlain = /[A-Za-z0-9_./][\w ./:@=+*?!$%^&~<>()|;"'`#\\-]*/y
const quoted = /"([ !#-[\]-~]*)"|'([ -&(-~]*)'(?!')/y
/** What follows a value in its line. */
const rest = /(?: +#.*)? *$/y

const words: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])
/** What the core schema takes for something else than a text, in any spelling. */
const isOtherWord = /^(?:null|true|false|~|\.inf|\.nan)$/i
const isNumber = /^(?:0|[1-9]\d{0,14})$/
/** Sizes and durations begin with a digit and are no numbers. */
const isMeasure = /^(?:\d+(?:ms|s|m|h|d|K|M|G))+$/
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** The documents of a plain text, as the parser would make them; undefined where it is not plain. */
export function parsePlain(file: SourceFile): readonly Tree[] | undefined {
  // A text of so many characters has no more values or lines, and too many keys are more characters than these.
  if (file.text.length > shortest * limits.keys || forbidden.test(file.text)) return undefined
  const lines = contentLines(file)
  if (!lines) return undefined
  try {
    return documentsOf(file, lines).map((own) => new PlainReader(file, own).document())
  } catch (error) {
    if (error === notPlain) return undefined
    throw error
  }
}

/** Undefined where a comment stands deeper than what follows it: such a one counts to what is above it. */
function contentLines({ text, lineStarts }: SourceFile): readonly Line[] | undefined {
  const lines: Line[] = []
  let commentIndent = 0
  for (const [index, from] of lineStarts.entries()) {
    const next = lineStarts[index + 1] ?? text.length
    const end = text[next - 1] === '\n' ? next - 1 : next
    let start = from
    while (text[start] === ' ') start += 1
    if (start >= end) continue
    const indent = start - from
    if (text[start] === '#') commentIndent = Math.max(commentIndent, indent)
    else {
      if (commentIndent > indent) return undefined
      commentIndent = 0
      lines.push({ indent, start, end, next })
    }
  }
  return commentIndent > 0 ? undefined : lines
}

/** The lines of each document. */
function documentsOf({ text }: SourceFile, lines: readonly Line[]): readonly (readonly Line[])[] {
  const documents: Line[][] = [[]]
  for (const [index, line] of lines.entries()) {
    if (line.indent > 0 || text.slice(line.start, line.end) !== '---') documents.at(-1)?.push(line)
    else if (index > 0) documents.push([])
  }
  return documents
}

class PlainReader {
  readonly #file: SourceFile
  readonly #text: string
  readonly #lines: readonly Line[]
  #at = 0
  #depth = 0

  constructor(file: SourceFile, lines: readonly Line[]) {
    this.#file = file
    this.#text = file.text
    this.#lines = lines
  }

  document(): Tree {
    if (this.#line().indent > 0) throw notPlain
    const { tree } = this.#block(0)
    if (this.#at < this.#lines.length) throw notPlain
    return tree
  }

  /** A mapping or a list whose entries begin at a column. `end` is where its last line ends, with its break. */
  #block(indent: number): { readonly tree: Tree; readonly end: number } {
    const line = this.#line()
    this.#depth += 1
    if (this.#depth > maxDepth) throw notPlain
    const read = this.#isItem(line) ? this.#list(indent) : this.#map(indent)
    this.#depth -= 1
    return read
  }

  #map(indent: number): { readonly tree: Tree; readonly end: number } {
    const entries = new Map<string, Entry>()
    const { start } = this.#line()
    let end = start
    for (;;) {
      const line = this.#lines[this.#at]
      if (line === undefined || line.indent < indent) break
      if (line.indent > indent || this.#isItem(line)) throw notPlain
      end = this.#entry(line, entries)
    }
    return { tree: { type: 'map', span: this.#span(start, end), entries }, end }
  }

  #entry(line: Line, entries: Map<string, Entry>): number {
    const { name, span } = this.#key(line.start, line.end)
    if (entries.has(name)) throw notPlain
    const from = this.#afterSpaces(span.end + 1)
    const isAlone = from >= line.end || this.#text[from] === '#'
    const read = isAlone ? this.#below(line) : this.#inLine(line, from)
    entries.set(name, { key: span, value: read.tree })
    return read.end
  }

  /** What stands below a key: deeper than it, or a list at its own column. */
  #below({ indent }: Line): { readonly tree: Tree; readonly end: number } {
    this.#at += 1
    const next = this.#line()
    const isDeeper = next.indent > indent || (next.indent === indent && this.#isItem(next))
    // Nothing is a value, too; it is seldom what was meant, and left to the parser.
    if (!isDeeper) throw notPlain
    return this.#block(next.indent)
  }

  #list(indent: number): { readonly tree: Tree; readonly end: number } {
    const items: Tree[] = []
    const { start } = this.#line()
    let end = start
    for (;;) {
      const line = this.#lines[this.#at]
      if (line === undefined || line.indent < indent) break
      if (line.indent > indent) throw notPlain
      if (!this.#isItem(line)) break
      const read = this.#item(line)
      items.push(read.tree)
      end = read.end
    }
    return { tree: { type: 'list', span: this.#span(start, end), items }, end }
  }

  #item(line: Line): { readonly tree: Tree; readonly end: number } {
    const from = this.#afterSpaces(line.start + 1)
    if (from >= line.end || this.#text[from] === '#' || this.#text[from] === '-') throw notPlain
    key.lastIndex = from
    if (!key.test(this.#text.slice(0, line.end))) return this.#inLine(line, from)
    // A mapping that begins behind the dash: its entries stand at the column of its first key.
    const indent = line.indent + from - line.start
    this.#depth += 1
    if (this.#depth > maxDepth) throw notPlain
    const entries = new Map<string, Entry>()
    let end = this.#entry({ ...line, start: from, indent }, entries)
    for (;;) {
      const next = this.#lines[this.#at]
      if (next === undefined || next.indent < indent) break
      if (next.indent > indent || this.#isItem(next)) throw notPlain
      end = this.#entry(next, entries)
    }
    this.#depth -= 1
    return { tree: { type: 'map', span: this.#span(from, end), entries }, end }
  }

  /** A value that ends in its line. */
  #inLine(line: Line, from: number): { readonly tree: Tree; readonly end: number } {
    const tree = this.#value(from, line.end, false)
    rest.lastIndex = tree.span.end
    if (!rest.test(this.#text.slice(0, line.end))) throw notPlain
    this.#at += 1
    return { tree, end: line.next }
  }

  #value(from: number, limit: number, isInFlow: boolean): Tree {
    const first = this.#text[from]
    if (first === '{' || first === '[') return this.#flow(from, limit)
    const text = this.#text.slice(0, limit)
    if (first === '"' || first === "'") {
      quoted.lastIndex = from
      const found = quoted.exec(text)
      if (!found) throw notPlain
      return this.#scalar(from, from + found[0].length, found[1] ?? found[2] ?? '')
    }
    const form = isInFlow ? flowPlain : plain
    form.lastIndex = from
    const found = form.exec(text)?.[0]
    if (found === undefined) throw notPlain
    const comment = found.indexOf(' #')
    const source = (comment === -1 ? found : found.slice(0, comment)).trimEnd()
    // A colon that ends a word makes a key of it.
    if (/:(?: |$)/.test(source)) throw notPlain
    return this.#scalar(from, from + source.length, plainValue(source))
  }

  #flow(from: number, limit: number): Tree {
    this.#depth += 1
    if (this.#depth > maxDepth) throw notPlain
    const isMap = this.#text[from] === '{'
    const closing = isMap ? '}' : ']'
    const entries = new Map<string, Entry>()
    const items: Tree[] = []
    let at = this.#afterSpaces(from + 1)
    while (this.#text[at] !== closing) {
      if (at >= limit) throw notPlain
      if (isMap) {
        const { name, span } = this.#key(at, limit)
        if (entries.has(name)) throw notPlain
        const value = this.#value(this.#afterSpaces(span.end + 1), limit, true)
        entries.set(name, { key: span, value })
        at = value.span.end
      } else {
        const item = this.#value(at, limit, true)
        items.push(item)
        at = item.span.end
      }
      at = this.#afterSpaces(at)
      if (this.#text[at] === ',') at = this.#afterSpaces(at + 1)
      else if (this.#text[at] !== closing) throw notPlain
    }
    if (at >= limit) throw notPlain
    this.#depth -= 1
    const span = this.#span(from, at + 1)
    return isMap ? { type: 'map', span, entries } : { type: 'list', span, items }
  }

  #key(from: number, limit: number): { readonly name: string; readonly span: Span } {
    key.lastIndex = from
    const name = key.exec(this.#text.slice(0, limit))?.[1]
    if (name === undefined || isOtherWord.test(name) || forbiddenKeys.has(name)) throw notPlain
    return { name, span: this.#span(from, from + name.length) }
  }

  #isItem({ start, end }: Line): boolean {
    return this.#text[start] === '-' && (start + 1 >= end || this.#text[start + 1] === ' ')
  }

  #line(): Line {
    const line = this.#lines[this.#at]
    if (line === undefined) throw notPlain
    return line
  }

  #afterSpaces(at: number): number {
    let end = at
    while (this.#text[end] === ' ') end += 1
    return end
  }

  #scalar(start: number, end: number, value: string | number | boolean): Tree {
    return { type: 'scalar', span: this.#span(start, end), value }
  }

  #span(start: number, end: number): Span {
    return { file: this.#file, start, end }
  }
}

function plainValue(source: string): string | number | boolean {
  const word = words.get(source)
  if (word !== undefined) return word
  if (isNumber.test(source)) return Number(source)
  if (isOtherWord.test(source) || (/^[\d.]/.test(source) && !isText(source))) throw notPlain
  return source
}

/** Of what begins like a number: whether it is none. */
function isText(source: string): boolean {
  return isMeasure.test(source) || /^\.{1,2}\//.test(source)
}
