import { type Diagnostic, isError } from '../core/diagnostic.ts'
import { type Page, pageWidth, trimLines, widthOf, wrap } from './layout.ts'
import { counted, displayPath, displayText } from './names.ts'
import { sanitise } from './sanitise.ts'
import { plain, type Style } from './style.ts'

export interface DiagnosticsTextOptions extends Page {
  /** Default: no colours. */
  readonly style?: Style
  /** Paths are shown relative to it. */
  readonly workingDirectory: string
}

/** Each fault with its place, its source line, a caret under it and what helps. Empty where there is none. */
export function diagnosticsText(diagnostics: readonly Diagnostic[], options: DiagnosticsTextOptions): string {
  if (diagnostics.length === 0) return ''
  return trimLines(
    diagnostics.flatMap((diagnostic) => [...diagnosticLines(diagnostic, options), '']),
  ).replace(/\n$/, '')
}

/** `12 resources are valid.`, or how many faults there are. Who checks workflow files alone asked of no resource. */
export function checkSummary(diagnostics: readonly Diagnostic[], resources: number): string {
  const errors = diagnostics.filter(isError).length
  const warnings = diagnostics.length - errors
  const found = [
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ]
  if (errors > 0) return `${found.join(', ')}.\n`
  if (resources === 0) return found.length === 0 ? 'Nothing is wrong.\n' : `No error, ${found.join(', ')}.\n`
  const valid = `${counted(resources, 'resource')} ${resources === 1 ? 'is' : 'are'} valid`
  return `${[valid, ...found].join(', ')}.\n`
}

function diagnosticLines(diagnostic: Diagnostic, options: DiagnosticsTextOptions): readonly string[] {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const { severity, code, message, position, hint } = diagnostic
  const place = `${displayPath(position.file, options.workingDirectory)}:${position.line}:${position.column}`
  const paint = severity === 'error' ? style.red : style.yellow
  return [
    // On one line however long it is, in the form that editors, terminals and CI make a link of.
    `${style.bold(place)}: ${paint(severity)} ${sanitise(code)}: ${sanitise(displayText(message, options.workingDirectory))}`,
    ...excerptLines(diagnostic, { style, width }),
    ...(hint === undefined ? [] : hintLines(hint, width)),
  ]
}

function hintLines(hint: string, width: number): readonly string[] {
  return wrap(sanitise(hint), width - 8).map(
    (line, index) => `${index === 0 ? '  help: ' : '        '}${line}`,
  )
}

/** The source line with what is meant underlined; of a long line the part around it. */
function excerptLines(
  { excerpt, position, length }: Diagnostic,
  { style, width }: { readonly style: Style; readonly width: number },
): readonly string[] {
  if (excerpt === undefined) return []
  const number = String(position.line)
  const room = width - number.length - 7
  // Columns count UTF-16 units of the file; on the screen what is cleaned away has no width and a wide sign has two.
  const before = sanitise(excerpt.slice(0, position.column - 1))
  const meant = sanitise(excerpt.slice(position.column - 1, position.column - 1 + length))
  const after = sanitise(excerpt.slice(position.column - 1 + length))
  const start = cutStart(before, Math.max(0, room - Math.min(widthOf(meant), Math.floor(room / 2)) - 8))
  const line = cutEnd(`${start}${meant}${after}`, room)
  const caret = '^'.repeat(Math.max(1, Math.min(widthOf(meant), room - widthOf(start))))
  return [
    `  ${style.dim(`${number} |`)} ${line}`,
    `  ${style.dim(`${' '.repeat(number.length)} |`)} ${' '.repeat(widthOf(start))}${style.red(caret)}`,
  ]
}

function cutStart(text: string, width: number): string {
  let rest = text
  while (widthOf(rest) > width) rest = rest.slice(isPairAt(rest) ? 2 : 1)
  return rest === text ? text : rest
}

function cutEnd(text: string, width: number): string {
  let rest = text
  while (widthOf(rest) > width) rest = rest.slice(0, -1)
  return rest.toWellFormed() === rest ? rest : rest.slice(0, -1)
}

/** Whether a text starts with a character of two UTF-16 units. */
function isPairAt(text: string): boolean {
  return (text.codePointAt(0) ?? 0) > 0xffff
}
