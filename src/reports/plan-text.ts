import type { Action } from '../core/action.ts'
import { type Plan, type PlannedResource, type PlanOutcome, planOutcome } from '../core/plan.ts'
import { changeLines } from './change-text.ts'
import { columnWidth, type Page, pad, pageWidth, trimLines, truncate, widthOf, wrap } from './layout.ts'
import { type ApiUse, apiLines } from './plan-api.ts'
import {
  listedResources,
  planSummaryLine,
  planSymbols,
  planTitle,
  reasonBeside,
  unreadChanges,
  unreadHint,
} from './plan-summary.ts'
import { warningLines } from './policy-warnings.ts'
import { sanitise } from './sanitise.ts'
import { strayLines } from './strays.ts'
import { type Paint, plain, type Style } from './style.ts'

export interface PlanTextOptions extends Page {
  /** Default: no colours. */
  readonly style?: Style
  /** Ends with the sentence that nothing was changed. */
  readonly isDryRun: boolean
  /** Calls to vendors with a limit; default: nothing is known of them. */
  readonly api?: ApiUse
}

/** One line of the table, before it is laid out. */
interface Row {
  readonly symbol: string
  readonly id: string
  readonly word: string
  readonly text: string
  readonly reason: string
  readonly paint: Paint
  /** What is printed below it, indented. */
  readonly below: (width: number) => readonly string[]
}

/** Widths of the columns; the reason has none where it would not fit beside the text. */
interface Columns {
  readonly width: number
  readonly id: number
  /** From the end of the word's column to the end of the page. */
  readonly room: number
  readonly text: number
  readonly reason: number | undefined
}

const margin = 2
const gap = 2
/** The symbol and the space after it. */
const symbolWidth = 2
/** `released` is the longest word. */
const wordWidth = 8
const belowIndent = 6
/** Beside a text narrower than this nothing can be read. */
const narrowestText = 24

/** A plan as people read it before they say yes. Every line fits the page. */
export function planText(plan: Plan, options: PlanTextOptions): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const rows = listedResources(plan).flatMap((resource) => rowsOf(resource, style))
  const columns = measure(rows, width)
  const table = rows.flatMap((row) => layOut(row, columns, style))
  const hint = unreadHint(plan)
  const ending = [
    planSummaryLine(plan),
    ...(hint === undefined ? [] : [hint]),
    ...strayLines(plan.strays),
    ...warningLines(plan.warnings),
    ...apiLines(options.api ?? {}),
    ...(options.isDryRun ? ['Dry run: nothing was changed.'] : []),
  ]
  return trimLines([
    ...wrap(planTitle(plan), width).map(style.bold),
    '',
    ...table,
    ...(table.length > 0 ? [''] : []),
    ...ending.flatMap((line) => wrap(line, width)),
  ])
}

function rowsOf(resource: PlannedResource, style: Style): readonly Row[] {
  const outcome = planOutcome(resource)
  const paint = paintOf(outcome, style)
  const id = sanitise(resource.id)
  const symbol = planSymbols[outcome]
  if (resource.unknown) {
    return [
      {
        symbol,
        id,
        word: 'unknown',
        text: sanitise(resource.unknown.message),
        reason: '',
        paint,
        below: none,
      },
    ]
  }
  const unread = unreadChanges(resource)
  if (resource.holds.length > 0) {
    const below = (width: number) => [
      ...resource.actions.flatMap((action) => wantedLines(action, width)),
      ...changeLines(unread, width),
    ]
    return resource.holds.map((hold, index) => ({
      symbol: index === 0 ? symbol : ' ',
      id: index === 0 ? id : '',
      word: index === 0 ? 'held' : '',
      text: sanitise(hold.message),
      reason: '',
      paint,
      below: index === resource.holds.length - 1 ? below : none,
    }))
  }
  if (resource.released !== undefined) {
    return [
      { symbol, id, word: 'released', text: sanitise(resource.released), reason: '', paint, below: none },
    ]
  }
  if (resource.actions.length === 0) {
    const below = (width: number) => changeLines(unread, width)
    return [{ symbol, id, word: 'unread', text: 'as declared in what was read', reason: '', paint, below }]
  }
  return resource.actions.map((action, index) => ({
    symbol: index === 0 ? symbol : ' ',
    id: index === 0 ? id : '',
    word: action.verb,
    text: sanitise(action.summary),
    reason: sanitise(reasonBeside(action)),
    paint,
    below: (width) =>
      changeLines(
        index === resource.actions.length - 1 ? [...action.changes, ...unread] : action.changes,
        width,
      ),
  }))
}

/** What a held resource would get, so that a person can judge the hold. */
function wantedLines(action: Action, width: number): readonly string[] {
  const line = `wanted: ${action.verb}, ${sanitise(action.summary)}`
  return [...wrap(line, width), ...changeLines(action.changes, width)]
}

function measure(rows: readonly Row[], width: number): Columns {
  const left = margin + symbolWidth
  const room = width - left - gap - wordWidth - gap
  // Ids beyond two fifths of the page stand on a line of their own.
  const most = Math.floor(width * 0.4)
  const id = columnWidth(
    rows.map((row) => row.id).filter((text) => widthOf(text) <= most),
    most,
  )
  const text = columnWidth(
    rows.filter((row) => row.reason !== '').map((row) => row.text),
    width,
  )
  const reason = columnWidth(
    rows.map((row) => row.reason),
    width,
  )
  const fits = id + text + gap + reason <= room
  return { width, id, room: room - id, text, reason: fits ? reason : undefined }
}

function layOut(row: Row, columns: Columns, style: Style): readonly string[] {
  const lines = columns.room < narrowestText ? stacked(row, columns) : beside(row, columns, style)
  const below = row.below(columns.width - belowIndent)
  return [...lines, ...below.map((line) => `${' '.repeat(belowIndent)}${line}`)]
}

/** On a narrow page the text stands below the id. */
function stacked(row: Row, { width }: Columns): readonly string[] {
  const id = truncate(row.id, width - margin - symbolWidth - gap - wordWidth)
  const head = `${' '.repeat(margin)}${row.paint(pad(row.symbol, symbolWidth))}${id}${' '.repeat(gap)}${row.paint(row.word)}`
  const text = wrap(textWithReason(row), width - belowIndent).map(
    (line) => `${' '.repeat(belowIndent)}${line}`,
  )
  return row.word === '' ? text : [head, ...text]
}

function beside(row: Row, columns: Columns, style: Style): readonly string[] {
  const { width, id, reason } = columns
  const start = margin + symbolWidth + id + gap
  const textStart = start + wordWidth + gap
  const isOwnLine = widthOf(row.id) > id
  const name = isOwnLine ? truncate(row.id, width - margin - symbolWidth) : pad(row.id, id)
  const head = `${' '.repeat(margin)}${row.paint(pad(row.symbol, symbolWidth))}${name}`
  const word = row.paint(pad(row.word, wordWidth))
  const hasReasonColumn = reason !== undefined && row.reason !== ''
  const text = hasReasonColumn ? row.text : textWithReason(row)
  const [first = '', ...rest] = wrap(text, hasReasonColumn ? columns.text : width - textStart)
  const tail = hasReasonColumn
    ? `${pad(first, columns.text)}${' '.repeat(gap)}${style.dim(row.reason)}`
    : first
  const lines = isOwnLine
    ? [head, `${' '.repeat(start)}${word}${' '.repeat(gap)}${tail}`]
    : [`${head}${' '.repeat(gap)}${word}${' '.repeat(gap)}${tail}`]
  return [...lines, ...rest.map((line) => `${' '.repeat(textStart)}${line}`)]
}

function textWithReason({ text, reason }: Row): string {
  return reason === '' ? text : `${text} (${reason})`
}

function paintOf(outcome: PlanOutcome, style: Style): Paint {
  switch (outcome) {
    case 'create':
      return style.green
    case 'update':
    case 'run':
      return style.yellow
    case 'delete':
      return style.red
    case 'unknown':
      return style.cyan
    case 'held':
    case 'unchanged':
      return style.dim
  }
}

function none(): readonly string[] {
  return []
}
