/** A fault that a simulator makes; its kinds are the simulator's own. */
export interface Fault<Kind> {
  readonly kind: Kind
  /** The name of a route or an operation; undefined: every one. */
  readonly on?: string
  /** How many calls it hits; default: all. */
  readonly times?: number
}

/** The switches. */
export class Faults<Kind> {
  #switches: { readonly fault: Fault<Kind>; left: number }[] = []

  add(fault: Fault<Kind>): void {
    this.#switches.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
  }

  clear(): void {
    this.#switches = []
  }

  /** What happens to this call. */
  take(call: string): Kind | undefined {
    const found = this.#switches.find(({ fault, left }) => left > 0 && (fault.on ?? call) === call)
    if (!found) return undefined
    found.left -= 1
    return found.fault.kind
  }
}
