import { ansi, plain, type Style } from '../reports/style.ts'
import type { Invocation, Sink } from './invocation.ts'
import type { CommonOptions } from './options.ts'

/** How wide, and with which colours, text is printed to a sink. */
export interface PrintedPage {
  readonly width: number
  readonly style: Style
}

/** Colours only on a terminal, and not where `NO_COLOR` or `--no-color` says so (https://no-color.org). */
export function pageOf(call: Invocation, common: Pick<CommonOptions, 'color'>, sink: Sink): PrintedPage {
  const isColourful = common.color && sink.isTerminal && (call.env.NO_COLOR ?? '') === ''
  return { width: sink.columns, style: isColourful ? ansi : plain }
}
