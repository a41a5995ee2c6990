/** As many lines as there is room for, and a line that says how many were cut. */
export function bounded(lines: readonly string[], room: number): readonly string[] {
  let taken = 0
  const end = lines.findIndex((line) => {
    taken += line.length + 1
    return taken > room - 60
  })
  if (end < 0) return lines
  return [...lines.slice(0, end), `... ${lines.length - end} more lines; the plan itself has them all`, '']
}

/** Lines behind a summary that a reader opens, as a block of text. */
export function folded(details: readonly string[], room: number): string {
  // A fence longer than any run of backticks inside cannot be ended from inside.
  const fence = '`'.repeat(Math.max(3, longestRun(details.join('\n')) + 1))
  const lines = bounded(details, Math.max(0, room - 2 * fence.length))
  return ['<details><summary>Changes</summary>', '', `${fence}text`, ...lines, fence, '', '</details>'].join(
    '\n',
  )
}

/** A code span around any text: delimited by more backticks than it holds in a row. */
export function code(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1)
  const space = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${ticks}${space}${text}${space}${ticks}`
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0)
}
