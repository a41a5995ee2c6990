/** What can go wrong with a call. `-after`: the effect takes place, and the answer is lost. */
export const faultKinds = [
  '500',
  '502',
  '502-after',
  '503',
  '429',
  '429-bare',
  'secondary',
  'primary',
  'forbidden',
  'hang',
  'cut',
  'cut-after',
  'empty',
  'stale',
  /** Lists show runs that were run again as they were before. */
  'older-attempt',
  /** Lists show what was not asked for, as where GitHub does not understand a filter. */
  'unfiltered',
  'malformed',
  'wrong-shape',
  /** Refuses the call, and repeats all that it was sent. */
  'echo',
] as const
export type FaultKind = (typeof faultKinds)[number]

export interface Fault {
  readonly kind: FaultKind
  /** The name of a route; undefined: every one. */
  readonly on?: string
  /** How many calls it hits; default: all. */
  readonly times?: number
}

/** The switches. */
export class Faults {
  #switches: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#switches.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
  }

  clear(): void {
    this.#switches = []
  }

  /** What happens to this call. */
  take(route: string): FaultKind | undefined {
    const found = this.#switches.find(({ fault, left }) => left > 0 && (fault.on ?? route) === route)
    if (!found) return undefined
    found.left -= 1
    return found.fault.kind
  }
}
