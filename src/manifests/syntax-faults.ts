import { CST, Lexer, type YAMLError } from 'yaml'
import type { Diagnostic } from '../core/diagnostic.ts'
import { type Finding, faultAt } from './fault.ts'
import { positionAt, type SourceFile } from './source-file.ts'

/** Said of a tag, by the parser or by us. */
export const tagFault: Finding = Object.freeze({
  code: 'yaml-tag',
  message: 'Expected a value without a tag, or with one of the core of YAML 1.2',
  hint: 'Remove the tag; a value in quotes is a text.',
})

/** The same of a key. */
export const keyFault: Finding = Object.freeze({
  code: 'yaml-key-not-text',
  message: 'Expected the key to be a text',
  hint: 'Write the key in quotes.',
})

/** Errors that are no consequence of an earlier one: all of them are told, of the others the first. */
const independentErrors: ReadonlySet<string> = new Set([
  'TAB_AS_INDENT',
  'TAG_RESOLVE_FAILED',
  'BAD_DQ_ESCAPE',
])

/** Most faults told of one document's syntax. */
const maxErrors = 20

/** What is wrong with a document by YAML's own rules, in our words. */
export function syntaxFaults(file: SourceFile, errors: readonly YAMLError[]): readonly Diagnostic[] {
  const lines = new Set<number>()
  const told: Diagnostic[] = []
  for (const [index, error] of errors.entries()) {
    if (index > 0 && !independentErrors.has(error.code)) continue
    const start = isOpenQuote(error)
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

function describeError(file: SourceFile, error: YAMLError, start: number): Finding {
  switch (error.code) {
    case 'TAG_RESOLVE_FAILED':
      return tagFault
    case 'NON_STRING_KEY':
      return keyFault
    case 'TAB_AS_INDENT':
      return {
        code: 'yaml-syntax',
        message: 'Expected spaces as indentation, got a tab',
        hint: 'Indent with spaces.',
      }
    case 'BAD_ALIAS':
      return { code: 'yaml-alias', message: `The alias or anchor is not valid: ${ownWordsOf(error)}` }
    default:
      return (
        describeUnclosed(error) ?? {
          code: 'yaml-syntax',
          message: `The YAML is not valid: ${ownWordsOf(error)}`,
          hint: hintFor(error, file, start),
        }
      )
  }
}

/** The parser's own words may quote the source, which may hold a secret: they are cut before the quotation. */
function ownWordsOf({ message }: YAMLError): string {
  return message.split(/: "|: (?=[^ ]*$)|\n/, 1)[0]?.replace(/"[^"]{3,}"?/g, '…') ?? ''
}

/** A quotation mark or a bracket that nothing closes. */
function describeUnclosed(error: YAMLError): Finding | undefined {
  if (isOpenQuote(error)) {
    return {
      code: 'yaml-syntax',
      message: 'Expected the quotation mark that opens here to be closed',
      hint: 'Close the quotes.',
    }
  }
  if (error.code !== 'MISSING_CHAR' && error.code !== 'BAD_INDENT') return undefined
  const bracket = /end with a ([\]}])$/.exec(error.message)?.[1]
  if (bracket === undefined) return undefined
  const what = bracket === ']' ? 'list' : 'mapping'
  return {
    code: 'yaml-syntax',
    message: `Expected \`${bracket}\` before here, which closes a ${what} that began above`,
    hint: `Write the \`${bracket}\`, and indent what is inside.`,
  }
}

function isOpenQuote({ code, message }: YAMLError): boolean {
  return code === 'MISSING_CHAR' && /quote$/.test(message)
}

function hintFor(error: YAMLError, file: SourceFile, start: number): string | undefined {
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      if (isNextLineDeeper(file.text, start))
        return 'The next line is indented deeper, so it is read as a part of this value: indent it like this line.'
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

/** Whether the line after a place has more spaces before it than the line of that place. */
function isNextLineDeeper(text: string, at: number): boolean {
  const begin = text.lastIndexOf('\n', at - 1) + 1
  const [line = '', next = ''] = text.slice(begin).split('\n', 2)
  const indentOf = (each: string) => each.length - each.trimStart().length
  return next.trim() !== '' && indentOf(next) > indentOf(line)
}
