/** What can go wrong with a call. `-after`: the effect takes place, and the answer is lost. */
export type FaultKind =
  | '500'
  | '502-after'
  | '429'
  | 'forbidden'
  | 'hang'
  | 'cut'
  | 'cut-after'
  | 'malformed'
  | 'wrong-shape'
  /** Refuses the call, and repeats all that it was sent. */
  | 'echo'
  /** A list tells what was before the last change. */
  | 'stale-list'
  /** The processing of the deploy ends in an error. */
  | 'deploy-error'

export interface Fault {
  readonly kind: FaultKind
  /** The name of an operation; undefined: every one. */
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
  take(operation: string): FaultKind | undefined {
    const found = this.#switches.find(({ fault, left }) => left > 0 && (fault.on ?? operation) === operation)
    if (!found) return undefined
    found.left -= 1
    return found.fault.kind
  }
}
