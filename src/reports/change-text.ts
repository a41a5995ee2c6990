import type { Change } from '../core/action.ts'
import { jsonValue } from './json-value.ts'
import { columnWidth, pad, truncate, widthOf } from './layout.ts'
import { sanitise } from './sanitise.ts'

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
  const to = `-> ${valueText(after)}${remark === undefined ? '' : ` (${remark})`}`
  const whole = `${from} ${to}`
  return widthOf(whole) <= width ? [whole] : [truncate(from, width), truncate(to, width)]
}

/** As JSON, so that `"3000"` and `3000` are told apart. */
function valueText(value: unknown): string {
  return value === undefined ? '(none)' : sanitise(JSON.stringify(jsonValue(value)))
}
