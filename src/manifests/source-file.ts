import type { Position } from '../core/diagnostic.ts'

/** The text of one manifest, with what is needed to turn an offset into a line. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string
  readonly text: string
  /** Offsets at which the lines begin. */
  readonly lineStarts: readonly number[]
}

/** A stretch of a file: offsets in UTF-16 code units, `end` exclusive. */
export interface Span {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
}

export function createSourceFile(path: string, text: string): SourceFile {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return Object.freeze({ path, text, lineStarts })
}

/** Line and column count from 1; a column is a UTF-16 code unit, as editors count. */
export function positionAt(file: SourceFile, offset: number): Position {
  const line = lineAt(file, offset)
  return { file: file.path, line, column: offset - (file.lineStarts[line - 1] ?? 0) + 1 }
}

/** The text of a line, which counts from 1, without its line break. */
export function lineText(file: SourceFile, line: number): string {
  const start = file.lineStarts[line - 1] ?? file.text.length
  const end = file.lineStarts[line] ?? file.text.length
  return file.text.slice(start, end).replace(/\r?\n$/, '')
}

function lineAt(file: SourceFile, offset: number): number {
  let low = 0
  let high = file.lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((file.lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low + 1
}
