import { CST, Lexer } from 'yaml'
import type { Diagnostic } from '../core/diagnostic.ts'
import { faultAt } from './fault.ts'
import { forbidden, isPlainlySmall, limits } from './limits.ts'
import type { SourceFile } from './source-file.ts'

/**
 * Finds what must not reach the parser: it nests by recursion and builds everything before it complains. One
 * linear run of the lexer, which keeps no tree.
 */
export function precheck(file: SourceFile): Diagnostic | undefined {
  const control = forbidden.exec(file.text)
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    return faultAt(
      { file, start: control.index, end: control.index + 1 },
      {
        code: 'control-character',
        message: `Expected text, got the control character U+${code}`,
        hint: 'Remove it, or write it as an escape inside double quotes.',
      },
    )
  }
  return isPlainlySmall(file.text) ? undefined : countTokens(file)
}

function countTokens(file: SourceFile): Diagnostic | undefined {
  const counts = { keys: 0, aliases: 0, values: 0, lines: 0, flow: 0 }
  // Columns of the block mappings and lists that are open, outermost first.
  const open: number[] = []
  let offset = 0
  let lineStart = 0
  // Where the first token of a block mapping's line stands: the column of its key.
  let firstOnLine: number | undefined
  let isScalar = false
  const push = (column: number) => {
    while (open.length > 0 && (open.at(-1) ?? 0) >= column) open.pop()
    open.push(column)
  }
  for (const token of new Lexer().lex(file.text)) {
    const start = offset
    if (token === CST.SCALAR || token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.BOM) {
      isScalar = token === CST.SCALAR
      if (token === CST.DOCUMENT) open.length = 0
      if (token !== CST.BOM) continue
    }
    offset += token.length
    const type = isScalar ? 'scalar' : CST.tokenType(token)
    isScalar = false
    const column = start - lineStart
    switch (type) {
      case 'newline':
        firstOnLine = undefined
        counts.lines += 1
        break
      case 'space':
      case 'comment':
      case 'comma':
        continue
      case 'flow-seq-start':
      case 'flow-map-start':
        counts.flow += 1
        counts.values += 1
        break
      case 'flow-seq-end':
      case 'flow-map-end':
        counts.flow = Math.max(0, counts.flow - 1)
        counts.values += 1
        break
      case 'seq-item-ind':
      case 'explicit-key-ind':
        if (counts.flow === 0) push(column)
        counts.values += 1
        firstOnLine = undefined
        break
      case 'map-value-ind':
        counts.keys += 1
        if (counts.flow === 0) push(firstOnLine ?? column)
        firstOnLine = undefined
        break
      case 'alias':
        counts.aliases += 1
        counts.values += 1
        firstOnLine ??= column
        break
      default:
        counts.values += 1
        firstOnLine ??= column
        break
    }
    const lastBreak = token.lastIndexOf('\n')
    if (lastBreak !== -1) lineStart = start + lastBreak + 1
    const fault = overLimit(file, start, counts, open.length + counts.flow)
    if (fault) return fault
  }
  return undefined
}

function overLimit(
  file: SourceFile,
  offset: number,
  counts: {
    readonly keys: number
    readonly aliases: number
    readonly values: number
    readonly lines: number
  },
  depth: number,
): Diagnostic | undefined {
  const span = { file, start: Math.min(offset, Math.max(0, file.text.length - 1)), end: offset + 1 }
  if (depth > limits.depth) return tooDeep(span)
  if (counts.keys > limits.keys) {
    return faultAt(span, {
      code: 'yaml-too-many-keys',
      message: `Expected at most ${limits.keys} keys in one file`,
      hint: 'Split it: any number of files is read.',
    })
  }
  if (counts.aliases > limits.aliases) {
    return faultAt(span, {
      code: 'yaml-too-many-aliases',
      message: `Expected at most ${limits.aliases} aliases in one file`,
      hint: 'Write the values out.',
    })
  }
  if (counts.values > limits.values || counts.lines > limits.values) {
    return faultAt(span, {
      code: 'file-too-large',
      message: `Expected at most ${limits.values} values and lines in one file`,
      hint: 'Split it: any number of files is read.',
    })
  }
  return undefined
}

/** Also found after parsing, where aliases nest further than the text does. */
export function tooDeep(span: {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
}): Diagnostic {
  return faultAt(span, {
    code: 'yaml-too-deep',
    message: `Expected values to be nested at most ${limits.depth} deep`,
    hint: 'Nest less.',
  })
}
