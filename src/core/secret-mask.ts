/** A shorter value is a word or a number of every second text; what is as short is no secret that could be kept. */
const shortestHidden = 8
/** A line of a value of several lines is looked for alone where it is as long: of a key in PEM each one is. */
const shortestLine = 16
/** Values that are remembered although nobody holds them any more; those that were not given for longest go. */
const mostPast = 200

const stars = '***'

/**
 * Knows the values that must not be seen, and replaces them in texts: as they are and in the usual encodings. It
 * stands where texts leave the program (what is printed, logged, stored and sent to people). Without values it costs
 * nothing; with them a text is gone through once, however many there are.
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
  #search: Search | undefined

  /** `shortest`: how many characters a value has at least; what is shorter is left as it is. */
  constructor(shortest = shortestHidden) {
    this.#shortest = shortest
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
    if (text.length < this.#shortest || this.#open.has(text)) return
    this.#open.add(text)
    if (this.#search?.finds(text)) this.#search = undefined
  }

  get isEmpty(): boolean {
    return this.#holders.size === 0 && this.#past.size === 0
  }

  /** Whether a text holds one of the values. */
  finds(text: string): boolean {
    return !this.isEmpty && this.mask(text) !== text
  }

  /** The text with each of the values replaced by `***`. White space in a value stands for any: texts are wrapped. */
  mask(text: string): string {
    if (this.isEmpty || text.length < this.#shortest) return text
    this.#search ??= new Search(this.#hidden(), this.#shortest)
    return this.#search.replaceIn(text)
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

/** A text that is looked for, with the place of three of its characters by which it is found. */
interface Needle {
  readonly text: string
  readonly anchor: number
}

/** Finds many texts at once: what begins none of them is passed over by one look at a table. */
class Search {
  readonly #table = new Uint8Array(65_536)
  readonly #needles = new Map<number, Needle[]>()

  constructor(values: readonly string[], shortest: number) {
    const forms = values.flatMap(formsOf).filter((form) => form.length >= shortest)
    for (const text of new Set(forms)) {
      const { anchor, hash } = this.#rarestPlace(text)
      this.#table[hash] = 1
      const needles = this.#needles.get(hash)
      if (needles) needles.push({ text, anchor })
      else this.#needles.set(hash, [{ text, anchor }])
    }
  }

  /** Where fewest others are found by: many secrets begin in the same way. */
  #rarestPlace(text: string): { readonly anchor: number; readonly hash: number } {
    let [place, fewest] = [{ anchor: 0, hash: hashAt(text, 0) }, Number.POSITIVE_INFINITY]
    for (let anchor = text.length - 3; anchor >= 0 && fewest > 0; anchor -= 1) {
      if (isSpace(text.charCodeAt(anchor + 2))) anchor -= 2
      else if (!isSpace(text.charCodeAt(anchor + 1)) && !isSpace(text.charCodeAt(anchor))) {
        const hash = hashAt(text, anchor)
        const count = this.#needles.get(hash)?.length ?? 0
        if (count < fewest) [place, fewest] = [{ anchor, hash }, count]
      }
    }
    return place
  }

  finds(text: string): boolean {
    return this.#find(text).length > 0
  }

  replaceIn(text: string): string {
    let result = ''
    let from = 0
    for (const { start, end } of this.#find(text)) {
      if (end <= from) continue
      if (start > from || from === 0) result += text.slice(from, Math.max(from, start)) + stars
      from = end
    }
    return from === 0 ? text : result + text.slice(from)
  }

  /** By their starts; they may overlap. */
  #find(text: string): readonly { readonly start: number; readonly end: number }[] {
    const found: { readonly start: number; readonly end: number }[] = []
    const table = this.#table
    for (let at = 0; at + 3 <= text.length; at += 1) {
      const hash = hashAt(text, at)
      if (table[hash] === 0) continue
      for (const needle of this.#needles.get(hash) ?? []) {
        const end = matchAfter(text, at, needle)
        const start = end === -1 ? -1 : matchBefore(text, at, needle)
        if (start !== -1 && !isNumberInJson(text, start, end)) found.push({ start, end })
      }
    }
    return found.length < 2 ? found : found.sort((a, b) => a.start - b.start || b.end - a.end)
  }
}

function hashAt(text: string, at: number): number {
  return ((text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2)) & 65_535
}

/** Where the needle ends in a text whose place `at` is its anchor; -1: it does not stand there. */
function matchAfter(text: string, at: number, { text: needle, anchor }: Needle): number {
  let place = at
  for (let index = anchor; index < needle.length; index += 1) {
    if (isSpace(needle.charCodeAt(index))) {
      if (!isSpace(text.charCodeAt(place))) return -1
      while (isSpace(text.charCodeAt(place))) place += 1
    } else if (needle.charCodeAt(index) === text.charCodeAt(place)) place += 1
    else return -1
  }
  return place
}

/** Where it begins. */
function matchBefore(text: string, at: number, { text: needle, anchor }: Needle): number {
  let place = at
  for (let index = anchor - 1; index >= 0; index -= 1) {
    if (isSpace(needle.charCodeAt(index))) {
      if (!isSpace(text.charCodeAt(place - 1))) return -1
      while (isSpace(text.charCodeAt(place - 1))) place -= 1
    } else if (needle.charCodeAt(index) === text.charCodeAt(place - 1)) place -= 1
    else return -1
  }
  return place
}

/**
 * Whether it is a number of a JSON document, such as a size in bytes: no secret is given out as one, and stars in its place
 * would leave no JSON.
 */
function isNumberInJson(text: string, start: number, end: number): boolean {
  if (!/^\d+$/.test(text.slice(start, end))) return false
  return (
    /[[:,]\s*$/.test(text.slice(Math.max(0, start - 80), start)) &&
    /^\s*[,\]}]/.test(text.slice(end, end + 80))
  )
}

function isSpace(unit: number): boolean {
  return unit === 32 || (unit >= 9 && unit <= 13) || unit === 160
}

/** A value as it may stand in a text: by itself, in pieces, and in the encodings that programs use. */
function formsOf(value: string): readonly string[] {
  const lines = value.split(/\r?\n/).filter((line) => line !== value && line.trim().length >= shortestLine)
  const forms = [value, value.trim(), ...lines].flatMap((text) => {
    const escaped = JSON.stringify(text).slice(1, -1)
    const hex = Buffer.from(text).toString('hex')
    return [
      text,
      escaped,
      // A text that is quoted in a text that is quoted.
      JSON.stringify(escaped).slice(1, -1),
      escapeHtml(text),
      ...urlFormsOf(text),
      hex,
      hex.toUpperCase(),
      ...base64Of(text),
    ]
  })
  return forms.map((form) => form.trim().replace(/\s+/g, ' '))
}

/** As a part of an address: by `encodeURIComponent`, by RFC 3986, and as forms are; in capitals and small letters. */
function urlFormsOf(text: string): readonly string[] {
  const form = new URLSearchParams([['', text]]).toString().slice(1)
  const forms = [encodeURIComponent(text.toWellFormed()), form.replaceAll('+', '%20'), form]
  return forms.flatMap((each) => [each, each.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())])
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/**
 * As base64, wherever it stands in what is encoded: three bytes are four characters, so there are three ways. The
 * characters that depend on what stands beside it are left out.
 */
function base64Of(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  return [0, 1, 2].flatMap((offset) => {
    const all = Buffer.concat([Buffer.alloc(offset), bytes])
    const from = Math.ceil((offset * 8) / 6)
    const to = Math.floor((all.length * 8) / 6)
    return [all.toString('base64').slice(from, to), all.toString('base64url').slice(from, to)]
  })
}
