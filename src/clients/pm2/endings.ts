import { linesFromEnd } from './daemon-log.ts'

/** How a run really ended of which PM2 keeps exit code 0: it keeps the same of one that a signal ended. */
export type Ending =
  | { readonly type: 'by-itself' }
  /** PM2 ended it, because somebody asked for that. */
  | { readonly type: 'stopped' }
  | { readonly type: 'killed'; readonly signal: string }

/** `not-yet`: the run had begun when the log was read, and its end was still to be written. */
export type ToldEnding = Ending | 'not-yet'

/** A process whose last run is asked about. */
export interface EndedRun {
  readonly pmId: number
  readonly name: string
}

const lifeLine =
  /App \[(?<name>.*):(?<id>\d+)\] (?:starting in -|exited with code \[-?\d+\] via signal \[(?<signal>\w+)\])/
const stopLine = /Stopping app:(?<name>.*) id:(?<id>\d+)$/
/** What PM2 writes for the signal of what ended without one. */
const noSignal = 'SIGINT'

/**
 * How the last runs ended, by `pmId`, as PM2's own log tells: nothing else does (God.js stores `code || 0`). A run is left
 * out of which the log does not say it, because it was emptied, rotated away, or goes elsewhere. Rejects where there is one
 * that cannot be read.
 */
export async function readEndings(
  daemonLog: string,
  asked: readonly EndedRun[],
): Promise<ReadonlyMap<number, ToldEnding>> {
  const search = new Search(asked)
  if (search.isOver) return search.found
  for await (const lines of linesFromEnd(daemonLog)) {
    for (const line of lines) search.take(line)
    if (search.isOver) break
  }
  return search.found
}

/** Takes the lines from the last to the first: the first word about a run that is met is the last that was said. */
class Search {
  readonly found = new Map<number, ToldEnding>()
  readonly #asked: ReadonlyMap<string, number>
  /** Of those not told yet: whether their end was met, and their start is still looked for. */
  readonly #open = new Map<string, 'unmet' | 'ended'>()

  constructor(asked: readonly EndedRun[]) {
    this.#asked = new Map(asked.map(({ name, pmId }) => [`${name}:${pmId}`, pmId]))
    for (const key of this.#asked.keys()) this.#open.set(key, 'unmet')
  }

  get isOver(): boolean {
    return this.#open.size === 0
  }

  take(line: string): void {
    const life = lifeLine.exec(line)?.groups
    const said = life ?? stopLine.exec(line)?.groups
    if (!said) return
    const key = `${said.name}:${said.id}`
    const state = this.#open.get(key)
    if (state === undefined) return
    const signal = life?.signal
    if (signal !== undefined) {
      if (state === 'ended') this.#close(key, undefined)
      else if (signal !== noSignal) this.#close(key, { type: 'killed', signal })
      else this.#open.set(key, 'ended')
    } else if (state === 'ended') {
      this.#close(key, { type: life ? 'by-itself' : 'stopped' })
    } else if (life) {
      // Its last word is that it began: PM2 lists as ended what did not end within `kill_timeout`, some moments before it does.
      this.#close(key, 'not-yet')
    }
  }

  #close(key: string, ending: ToldEnding | undefined): void {
    this.#open.delete(key)
    const pmId = this.#asked.get(key)
    if (ending && pmId !== undefined) this.found.set(pmId, ending)
  }
}
