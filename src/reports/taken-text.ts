import type { ActionVerb } from '../core/action.ts'
import { columnWidth, type Page, pad, pageWidth, trimLines, wrap } from './layout.ts'
import { actionSentence, planSymbols } from './plan-summary.ts'
import { sanitise } from './sanitise.ts'
import { plain, type Style } from './style.ts'

/** One action that was taken, as it is told. */
export interface Taken {
  readonly id: string
  readonly verb: ActionVerb
  readonly summary: string
  readonly reason: string
  readonly result: 'succeeded' | 'failed' | 'unknown' | 'superseded'
  readonly message: string | null
}

const indent = '  '

/** What a pass did, a line an action, in the order in which it was done; empty where it did nothing. */
export function takenText(actions: readonly Taken[], options: Page & { readonly style?: Style }): string {
  const style = options.style ?? plain
  const told = actions.filter((action) => action.result !== 'superseded')
  if (told.length === 0) return ''
  const width = pageWidth(options)
  const ids = columnWidth(
    told.map((action) => sanitise(action.id)),
    Math.floor(width * 0.4),
  )
  const start = indent.length + 2 + ids + 2
  return trimLines(
    told.flatMap((action) => {
      const [first = '', ...more] = wrap(sentenceOf(action), Math.max(20, width - start))
      const symbol = action.result === 'succeeded' ? planSymbols[action.verb] : '!'
      const paint = action.result === 'succeeded' ? style.green : style.red
      return [
        `${indent}${paint(symbol)} ${pad(sanitise(action.id), ids)}  ${first}`,
        ...more.map((line) => `${' '.repeat(start)}${line}`),
      ]
    }),
  )
}

function sentenceOf(taken: Taken): string {
  const { result, message } = taken
  const what = actionSentence(taken)
  if (result === 'succeeded') return sanitise(what)
  return sanitise(
    `${what} ${result === 'failed' ? 'failed' : 'has an unknown outcome'}: ${message ?? 'no reason given'}`,
  )
}
