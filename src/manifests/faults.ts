import type { Diagnostic } from '../core/diagnostic.ts'
import type { FaultyFile, Report } from '../core/reconciler.ts'
import { diagnoseAt, type Finding, faultAt } from './fault.ts'
import { createSourceFile, type Span } from './source-file.ts'
import { type MapTree, parsePointer, placeAt, spanOf } from './tree.ts'

/** Collects the faults of one document, each at the place of its path. */
export class Faults {
  readonly diagnostics: Diagnostic[] = []
  readonly #root: MapTree

  constructor(root: MapTree) {
    this.#root = root
  }

  /** A fault of the value at a path. */
  add(path: readonly string[], finding: Finding): void {
    this.diagnostics.push(faultAt(spanOf(placeAt(this.#root, path)), finding))
  }

  /** A fault of the key at the end of a path. */
  addAtKey(path: readonly string[], finding: Finding): void {
    const place = placeAt(this.#root, path)
    this.diagnostics.push(faultAt(place.key ?? place.tree.span, finding))
  }

  /** A fault of what stands at a stretch of a file. */
  addAt(span: Span, finding: Finding): void {
    this.diagnostics.push(faultAt(span, finding))
  }

  /** The way in which a domain reports. */
  readonly report: Report = ({ severity, code, path, message, hint, within }) => {
    const span = within ? spanWithin(within) : spanOf(placeAt(this.#root, parsePointer(path)))
    this.diagnostics.push(diagnoseAt(span, { severity, code, message, hint }))
  }
}

function spanWithin({ file, text, offset, length }: FaultyFile): Span {
  return { file: createSourceFile(file, text), start: offset, end: offset + length }
}
