import { SecretSearch } from './secret-search.ts'

/** A shorter value is a word or a number of every second text; what is as short is no secret that could be kept. */
const shortestHidden = 8
/** Values that are remembered although nobody holds them any more; those that were not given for longest go. */
const mostPast = 200

/**
 * Knows the values that must not be seen, and replaces them in texts: as they are and in the usual encodings. Without
 * values it costs nothing; with them a text is gone through once, however many there are.
 *
 * Whoever may write a manifest decides what a secret is, and could let us strike out our own words by declaring them one.
 * So a text that we had a part in (`mask`) keeps every word that this program says itself, and every name that must stay
 * readable; of a value that lies across such words what is left of it goes. A text of somebody else's (`maskForeign`)
 * keeps nothing of a value.
 *
 * What is held is known however much it is. What nobody holds is of the past, or comes from somewhere that gives another
 * value each time: of that the newest are known, so that a program that runs for months does not grow.
 */
export class SecretMask {
  readonly #shortest: number
  /** By holder, such as a reading of the manifests. */
  readonly #held = new Map<string, ReadonlySet<string>>()
  /** How many hold each. */
  readonly #holders = new Map<string, number>()
  /** Held by nobody, in the order in which they were given last. */
  readonly #past = new Set<string>()
  readonly #gathered = new Set<Set<string>>()
  readonly #open = new Set<string>()
  readonly #isOwnWord: (word: string) => boolean
  #search: SecretSearch | undefined

  constructor(
    options: {
      /** How many characters a value has at least; what is shorter is left as it is. Default: 8. */
      readonly shortest?: number
      /** Whether this program says a word itself; it is given in small letters. Default: it says none. */
      readonly isOwnWord?: (word: string) => boolean
    } = {},
  ) {
    const { shortest = shortestHidden, isOwnWord = () => false } = options
    this.#shortest = shortest
    this.#isOwnWord = isOwnWord
  }

  /** Remembers a value that must not be seen. */
  add(value: string): void {
    if (value.trim().length < this.#shortest) return
    for (const values of this.#gathered) values.add(value)
    if (!this.#holders.has(value)) this.#keep(value)
  }

  /** These are the values of one holder from now on, in place of those that were until now. None: it holds nothing. */
  hold(holder: string, values: Iterable<string>): void {
    const held = new Set([...values].filter((value) => value.trim().length >= this.#shortest))
    const former = this.#held.get(holder) ?? new Set<string>()
    if (held.size > 0) this.#held.set(holder, held)
    else this.#held.delete(holder)
    for (const value of held) if (!former.has(value)) this.#grasp(value)
    for (const value of former) if (!held.has(value)) this.#release(value)
  }

  /**
   * Works, and all that is added meanwhile is what the holder has from then on, in place of what its work before gave it.
   * Where it fails, it keeps that.
   */
  async holdAllOf<T>(holder: string, work: () => Promise<T>): Promise<T> {
    const values = new Set<string>()
    this.#gathered.add(values)
    try {
      const result = await work()
      this.hold(holder, values)
      return result
    } finally {
      this.#gathered.delete(values)
      this.#forget()
    }
  }

  /**
   * A text that must stay readable, such as a resource's id or a folder. A value that it holds is in the open anyway, and
   * is not hidden anywhere: masked ids and folders could not be worked with.
   */
  leave(text: string): void {
    if (this.#open.has(text)) return
    this.#open.add(text)
    if (this.#search?.finds(text)) this.#search = undefined
  }

  get isEmpty(): boolean {
    return this.#holders.size === 0 && this.#past.size === 0
  }

  /** Whether a text holds one of the values. */
  finds(text: string): boolean {
    return this.maskForeign(text) !== text
  }

  /**
   * A text of ours, or one that we had a part in, with each of the values replaced by `***` but for our own words. White
   * space in a value stands for any: texts are wrapped.
   */
  mask(text: string): string {
    const ours = { isWord: this.#isOwnWord, names: this.#open }
    return this.#searchFor(text)?.replaceIn(text, ours) ?? text
  }

  /** A text that is somebody else's altogether, with each of the values replaced by `***`. */
  maskForeign(text: string): string {
    return this.#searchFor(text)?.replaceIn(text) ?? text
  }

  #searchFor(text: string): SecretSearch | undefined {
    if (this.isEmpty || text.length < this.#shortest) return undefined
    this.#search ??= new SecretSearch(this.#hidden(), this.#shortest)
    return this.#search
  }

  #grasp(value: string): void {
    const count = this.#holders.get(value) ?? 0
    this.#holders.set(value, count + 1)
    if (count === 0 && !this.#past.delete(value)) this.#search = undefined
  }

  /** What was held stays known for a while: others repeat what they were given before. */
  #release(value: string): void {
    const count = this.#holders.get(value) ?? 0
    if (count > 1) this.#holders.set(value, count - 1)
    else {
      this.#holders.delete(value)
      this.#past.add(value)
      this.#forget()
    }
  }

  #keep(value: string): void {
    if (!this.#past.delete(value)) this.#search = undefined
    this.#past.add(value)
    // What is gathered is held soon; it is as much as it is.
    if (this.#gathered.size === 0) this.#forget()
  }

  /** Drops what was not given for longest. */
  #forget(): void {
    for (const oldest of this.#past) {
      if (this.#past.size <= mostPast) return
      this.#past.delete(oldest)
      this.#search = undefined
    }
  }

  #hidden(): readonly string[] {
    // No value holds the character between them.
    const open = [...this.#open].join('\0')
    return [...this.#holders.keys(), ...this.#past].filter((value) => !open.includes(value))
  }
}
