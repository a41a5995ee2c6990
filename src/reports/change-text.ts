import type { Change } from '../core/action.ts'
import { jsonValue } from './json-value.ts'
import { columnWidth, pad, truncate, widthOf, wrap } from './layout.ts'
import { sanitise } from './sanitise.ts'

const mostValueLines = 4
const arrow = '-> '

/** The lines of some changes: dotted path, then what becomes of it. Each fits the width. */
export function changeLines(changes: readonly Change[], width: number): readonly string[] {
  const paths = changes.map((change) => sanitise(change.path))
  const column = columnWidth(paths, Math.floor(width / 2))
  return changes.flatMap((change, index) => {
    const path = pad(truncate(paths[index] ?? '', column), column)
    const [first = '', ...rest] = effectLines(change, Math.max(1, width - column - 2))
    return [`${path}  ${first}`, ...rest.map((line) => `${' '.repeat(column + 2)}${line}`)]
  })
}

/** On one line where it fits; else what was and what will be on a line each. */
function effectLines({ before, after, sensitive, note }: Change, width: number): readonly string[] {
  const remark = note === undefined ? undefined : sanitise(note)
  if (sensitive) return [truncate(`(sensitive, ${remark ?? 'changed'})`, width)]
  if (remark !== undefined && before === undefined && after === undefined)
    return [truncate(`(${remark})`, width)]
  const from = valueText(before)
  const to = `${valueText(after)}${remark === undefined ? '' : ` (${remark})`}`
  const whole = `${from} -> ${to}`
  return widthOf(whole) <= width
    ? [whole]
    : [
        ...valueLines(from, width),
        ...valueLines(to, width - arrow.length).map(
          (line, index) => `${index === 0 ? arrow : ' '.repeat(arrow.length)}${line}`,
        ),
      ]
}

/** A long value over some lines: what differs is often at its end. */
function valueLines(text: string, width: number): readonly string[] {
  const lines = wrap(text, width)
  if (lines.length <= mostValueLines) return lines
  return [...lines.slice(0, mostValueLines - 1), truncate(lines.slice(mostValueLines - 1).join(''), width)]
}

/** As JSON, so that `"3000"` and `3000` are told apart. */
function valueText(value: unknown): string {
  return value === undefined ? '(none)' : sanitise(JSON.stringify(jsonValue(value)))
}
