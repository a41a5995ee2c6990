import type { Change } from '../core/action.ts'
import { changeLines } from './change-text.ts'
import { type Page, pageWidth, trimLines, wrap } from './layout.ts'
import { sanitise } from './sanitise.ts'

/** What two environments declare differently, as a program reads it and as it is printed. */
export interface EnvironmentsDocument {
  readonly formatVersion: '1'
  readonly environments: readonly [string, string]
  readonly onlyInA: readonly string[]
  readonly onlyInB: readonly string[]
  readonly differing: readonly { readonly id: string; readonly changes: readonly Change[] }[]
  readonly fleet: readonly Change[]
  readonly same: number
}

/** The comparison as people read it. Every line fits the page. */
export function environmentsText(document: EnvironmentsDocument, page: Page): string {
  const width = pageWidth(page)
  const [a, b] = document.environments
  const block = (title: string, changes: readonly Change[]) => [
    ...listed(`~ ${title}`, width),
    ...changeLines(changes, width - 6).map((line) => `      ${line}`),
  ]
  const lines = [
    ...(document.fleet.length > 0 ? block('the fleet itself', document.fleet) : []),
    ...document.differing.flatMap(({ id, changes }) => block(id, changes)),
    ...document.onlyInA.flatMap((id) => listed(`- ${id} only in ${a}`, width)),
    ...document.onlyInB.flatMap((id) => listed(`+ ${id} only in ${b}`, width)),
  ]
  const { differing, onlyInA, onlyInB, same } = document
  const ending = `${differing.length} differ, ${onlyInA.length} only in ${a}, ${onlyInB.length} only in ${b}, ${same} the same.`
  return trimLines([
    ...wrap(`From ${sanitise(a)} to ${sanitise(b)}`, width),
    '',
    ...lines,
    ...(lines.length > 0 ? [''] : []),
    ...wrap(sanitise(ending), width),
  ])
}

/** Below the title, indented. */
function listed(text: string, width: number): readonly string[] {
  return wrap(sanitise(text), width - 2).map((line) => `  ${line}`)
}
