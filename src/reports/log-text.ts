import type { LogLine } from '../core/reconciler.ts'
import { pad, widthOf } from './layout.ts'
import { isoTime } from './names.ts'
import { sanitise } from './sanitise.ts'
import { plain, type Style } from './style.ts'

/**
 * Puts before each line when, by whom and on which stream it was printed. Lines are neither cut nor wrapped: they are
 * searched and copied. Columns are as wide as what was printed so far needs, because nobody knows what will come.
 */
export class LogPrinter {
  readonly #style: Style
  #sourceWidth = 0
  #hasTimes = false

  constructor({ style }: { readonly style?: Style } = {}) {
    this.#style = style ?? plain
  }

  print({ at, source, stream, text }: LogLine): string {
    const style = this.#style
    const name = sanitise(source)
    this.#sourceWidth = Math.max(this.#sourceWidth, widthOf(name))
    const time = at === undefined ? '' : isoTime(at)
    this.#hasTimes ||= time !== ''
    const when = this.#hasTimes ? `${pad(time, '2026-01-01T00:00:00.000Z'.length)} ` : ''
    const label = stream === 'err' ? style.yellow('err') : style.dim('out')
    const head = `${style.dim(when)}${pad(name, this.#sourceWidth)} ${label} ${style.dim('|')}`
    return `${`${head} ${sanitise(text)}`.trimEnd()}\n`
  }
}

/** A line for programs; `at` is null where its log does not say. */
export function logLineDocument({ at, source, stream, text }: LogLine) {
  return {
    at: at === undefined ? null : isoTime(at),
    source: sanitise(source),
    stream,
    text: sanitise(text),
  }
}
