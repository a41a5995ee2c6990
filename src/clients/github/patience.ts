/** How long GitHub is waited for, and how he is spared. */
export interface Patience {
  /** Milliseconds for one request, its body included. A page of runs is about 1 MB. */
  readonly request: number
  /** Milliseconds before a read is asked again. Writes never are. */
  readonly pauses: readonly number[]
  /** Milliseconds for one reading of all; what was not read by then is unreadable, and the rest is not. */
  readonly reading: number
  /** Whether a second lies between writes, and at most 10 calls are on their way, as GitHub asks for. */
  readonly isSpaced: boolean
}

/** The engine gives a domain 20 s: who used them up would make even what was read Unknown. */
export const usualPatience: Patience = Object.freeze({
  request: 10_000,
  pauses: Object.freeze([250, 1000]),
  reading: 17_000,
  isSpaced: true,
})
