import { escapeSequence, gap, isSpace, isUnseen, lineBreak, markUnseen, soften } from './unseen.ts'

/** A line of a value of several lines is looked for alone where it is as long: of a key in PEM each one is. */
const shortestLine = 16
/** A shorter number counts something. */
const shortestNumber = 8

/** No word and no name of ours is much longer; how far beyond a stretch they are looked for. */
const longestWord = 200

const stars = '***'
const space = 32

/** A text that is looked for, with the place of three of its characters by which it is found. */
interface Needle {
  readonly text: string
  readonly anchor: number
}

/** Finds many texts at once: what begins none of them is passed over by one look at a table. */
export class SecretSearch {
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
      if (isUnseen(text.charCodeAt(anchor + 2))) anchor -= 2
      else if (!isUnseen(text.charCodeAt(anchor + 1)) && !isUnseen(text.charCodeAt(anchor))) {
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

  /** With each that is found replaced by `***`, but for what is ours. */
  replaceIn(text: string, ours?: Ours): string {
    let result = ''
    let from = 0
    for (const { start, end } of this.#find(text)) {
      if (end <= from) continue
      const begin = Math.max(start, from)
      const isBeside = begin === from && result.endsWith(stars)
      const shown = ours ? concealed(text, { start: begin, end }, ours) : stars
      result += text.slice(from, begin) + (isBeside && shown === stars ? '' : shown)
      from = end
    }
    return from === 0 ? text : result + text.slice(from)
  }

  /** By their starts; they may overlap. */
  #find(text: string): readonly Stretch[] {
    const found: Stretch[] = []
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

interface Stretch {
  readonly start: number
  readonly end: number
}

/** What stays although a secret lies across it. */
interface Ours {
  /** Whether the program says a word itself; asked in small letters. */
  readonly isWord: (word: string) => boolean
  /** What must stay readable. */
  readonly names: Iterable<string>
}

/**
 * What is left of a stretch that is a secret where it may hold words of ours: those, and signs around them. All else goes. A
 * word counts as a whole, also where the stretch begins or ends within it.
 */
function concealed(text: string, { start, end }: Stretch, { isWord, names }: Ours): string {
  const around = { start: Math.max(0, start - longestWord), end: Math.min(text.length, end + longestWord) }
  const words = wordsIn(text, around).filter((word) => word.end > start && word.start < end)
  const named = placesOf(names, text, around)
  const isKept = (word: Stretch) =>
    isWord(text.slice(word.start, word.end).toLowerCase()) ||
    named.some((name) => name.start <= word.start && word.end <= name.end)
  const alien = words.filter((word) => !isKept(word))
  if (alien.length === 0) return text.slice(start, end)
  if (alien.length === words.length) return stars
  return text.slice(start, end).replace(/[^\s"`,:{}[\]]+/g, (piece, offset: number) => {
    const place = { start: start + offset, end: start + offset + piece.length }
    const isAlien = alien.some((word) => word.start < place.end && place.start < word.end)
    return isAlien && !isNumberInJson(text, place.start, place.end) ? stars : piece
  })
}

/** Without those that are no secret whatever they are. */
function wordsIn(text: string, { start, end }: Stretch): readonly Stretch[] {
  return [...text.slice(start, end).matchAll(/[\p{L}\p{N}]+/gu)]
    .filter(([word]) => !isNoSecret(word))
    .map(({ 0: word, index }) => ({ start: start + index, end: start + index + word.length }))
}

function placesOf(names: Iterable<string>, text: string, { start, end }: Stretch): readonly Stretch[] {
  const part = text.slice(start, end)
  const places: Stretch[] = []
  for (const name of names)
    for (let at = part.indexOf(name); at >= 0 && name !== ''; at = part.indexOf(name, at + name.length))
      places.push({ start: start + at, end: start + at + name.length })
  return places
}

/** A single letter, or a number that counts something. */
function isNoSecret(text: string): boolean {
  return text.length === 1 || (text.length < shortestNumber && /^\d+$/.test(text))
}

function hashAt(text: string, at: number): number {
  return ((text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2)) & 65_535
}

/** Where the needle ends in a text whose place `at` is its anchor; -1: it does not stand there. */
function matchAfter(text: string, at: number, { text: needle, anchor }: Needle): number {
  let place = at
  for (let index = anchor; index < needle.length; index += 1) {
    const unit = needle.charCodeAt(index)
    if (unit === gap) while (isUnseen(text.charCodeAt(place)) || isTagAt(text, place)) place += 1
    else if (unit === space) {
      if (!isSpace(text.charCodeAt(place))) return -1
      while (isSpace(text.charCodeAt(place))) place += 1
    } else if (unit === text.charCodeAt(place)) place += 1
    else return -1
  }
  return place
}

/** Where it begins. */
function matchBefore(text: string, at: number, { text: needle, anchor }: Needle): number {
  let place = at
  for (let index = anchor - 1; index >= 0; index -= 1) {
    const unit = needle.charCodeAt(index)
    if (unit === gap) while (isUnseen(text.charCodeAt(place - 1)) || isTagAt(text, place - 1)) place -= 1
    else if (unit === space) {
      if (!isSpace(text.charCodeAt(place - 1))) return -1
      while (isSpace(text.charCodeAt(place - 1))) place -= 1
    } else if (unit === text.charCodeAt(place - 1)) place -= 1
    else return -1
  }
  return place
}

/** Whether a unit is one of the two of an invisible tag (U+E0000 to U+E007F). */
function isTagAt(text: string, at: number): boolean {
  const code = text.codePointAt(isLowUnit(text.charCodeAt(at)) ? at - 1 : at) ?? 0
  return code >= 0xe0000 && code <= 0xe007f
}

function isLowUnit(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
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

/**
 * A value as it may stand in a text: by itself, in pieces, and in the encodings that programs use. What is shown keeps nothing
 * that is not seen: it loses that, with what follows an escape or without, or has something else in its place.
 */
function formsOf(value: string): readonly string[] {
  const lines = value.split(/\r?\n/).filter((line) => line !== value && line.trim().length >= shortestLine)
  const pieces = [value, value.trim(), ...lines].flatMap((text) => [
    text,
    markUnseen(text),
    ...[text, text.replace(escapeSequence, String.fromCharCode(gap))].flatMap((left) => [
      soften(left),
      // JSON writes a line break as two characters, whichever it was.
      left.split(lineBreak).map(soften).join('\n'),
    ]),
  ])
  const forms = [...new Set(pieces)].flatMap((text) => {
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
  return forms.flatMap((form) => [soften(form.trim()), soften(markUnseen(form).trim())])
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
