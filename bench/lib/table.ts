import type { Figure } from './figure.ts'
import { isMet } from './figure.ts'
import type { Machine } from './machine.ts'

/** One bench with what it gave, for the terminal. */
export function tableOf(title: string, figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${numberOf(figure.spread.median)} ${figure.unit}`,
    `${numberOf(figure.spread.least)}-${numberOf(figure.spread.most)}`,
    targetOf(figure),
  ])
  const head = ['', 'median', 'least-most', 'target']
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) => {
    return cells
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join('  ')
      .trimEnd()
  }
  return [title, line(head), ...rows.map(line), ''].join('\n')
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryGb, system, node, commit, load, emptyStartMs } = machine
  const hardware = `${cores} cores of ${cpu}, ${memoryGb} GB, ${system}`
  const start = `node -e 0 in ${numberOf(emptyStartMs)} ms`
  return `${hardware}, Node.js ${node}, commit ${commit}, load ${load}, ${start}\n`
}

function pad(cell: string, width: number, column: number): string {
  return column === 1 || column === 2 ? cell.padStart(width) : cell.padEnd(width)
}

function targetOf(figure: Figure): string {
  if (figure.target === undefined) return ''
  const { type, value } = figure.target
  return `${type} ${value} ${figure.unit}: ${isMet(figure) ? 'met' : 'MISSED'}`
}

function numberOf(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value))
  return value
    .toFixed(Math.abs(value) >= 10 ? 1 : 3)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
}
