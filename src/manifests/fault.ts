import type { Diagnostic } from '../core/diagnostic.ts'
import { type DiagnosticCode, diagnosticCatalogue } from './diagnostic-catalogue.ts'
import { excerptOf } from './excerpt.ts'
import { lineText, positionAt, type Span } from './source-file.ts'

/** What a fault says beside its place. */
export interface Finding {
  readonly code: DiagnosticCode
  readonly message: string
  readonly hint?: string | undefined
}

/** A fault at a stretch of a file, with its source line. */
export function faultAt(span: Span, finding: Finding): Diagnostic {
  return diagnoseAt(span, { ...finding, severity: diagnosticCatalogue[finding.code].severity })
}

/** As `faultAt`, for a domain's own code, whose severity the domain gives. */
export function diagnoseAt(
  span: Span,
  finding: Omit<Finding, 'code'> & Pick<Diagnostic, 'code' | 'severity'>,
): Diagnostic {
  const position = positionAt(span.file, span.start)
  const line = lineText(span.file, position.line)
  const onLine = Math.min(span.end - span.start, Math.max(0, line.length - position.column + 1))
  const { excerpt, length } = excerptOf(span.file, { ...position, length: onLine })
  return Object.freeze({
    severity: finding.severity,
    code: finding.code,
    message: finding.message,
    position,
    length,
    excerpt,
    hint: finding.hint,
  })
}

/** A fault of a file as a whole. */
export function faultOfFile(file: string, finding: Finding): Diagnostic {
  return Object.freeze({
    severity: diagnosticCatalogue[finding.code].severity,
    code: finding.code,
    message: finding.message,
    position: { file, line: 1, column: 1 },
    length: 1,
    excerpt: undefined,
    hint: finding.hint,
  })
}

/** By file, then line, then column, then code: the order in which people work through them. */
function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(a.position.file, b.position.file) ||
    a.position.line - b.position.line ||
    a.position.column - b.position.column ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** In reading order, each once: an environment repeats what is wrong with the base. */
export function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>()
  for (const diagnostic of diagnostics) {
    const { code, message, position } = diagnostic
    const key = JSON.stringify([code, message, position])
    if (!seen.has(key)) seen.set(key, diagnostic)
  }
  return Object.freeze([...seen.values()].sort(compareDiagnostics))
}
