import { createRequire } from 'node:module'

const narrowest = 60
const widest = 200
const ellipsis = '...'

let segmenter: Intl.Segmenter | undefined

let measure: ((text: string) => number) | undefined

/** Loaded when a text is not plain: it compiles a pattern of all emoji, which takes 60 ms of every start. */
function stringWidth(text: string): number {
  if (!measure) {
    const load = createRequire(import.meta.url)
    const { default: loaded }: typeof import('string-width') = load('string-width')
    measure = loaded
  }
  return measure(text)
}

/** The characters that a reader sees. The machinery takes longer to make than most reports, so it is made when needed. */
function graphemesOf(text: string): Iterable<{ readonly segment: string }> {
  segmenter ??= new Intl.Segmenter()
  return segmenter.segment(text)
}

/** What a report needs to know of where it is printed. */
export interface Page {
  /** Columns; taken as 60 below that, where a table is no table any more, and as 200 above, because longer lines are not read. */
  readonly width: number
}

export function pageWidth({ width }: Page): number {
  return Math.min(widest, Math.max(narrowest, Math.floor(width)))
}

/** Columns that a text without control characters takes on a terminal. */
export function widthOf(text: string): number {
  return isAscii(text) ? text.length : stringWidth(text)
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/** Cuts a text to a width, and shows that it did. */
export function truncate(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width <= ellipsis.length) return ellipsis.slice(0, Math.max(0, width))
  return firstPart(text, width - ellipsis.length) + ellipsis
}

/** Breaks a text into lines of a width, between words where it can. Never empty: no text is one empty line. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(1, width)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter((part) => part !== '')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) <= room) {
      line = `${line} ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (widthOf(line) > room) {
      const part = firstPart(line, room) || firstGrapheme(line)
      lines.push(part)
      line = line.slice(part.length)
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line]
}

/** What a message must have beside a table's other columns, and where a longer one may be of so many lines. */
const narrowestMessage = 24
const comfortableMessage = 60
const mostLinesBeside = 3

/**
 * Whether messages stand beside the other columns of a table, in so much room; else each stands below its line. Below,
 * where they would become a tall and narrow strip, or a path would be cut in two.
 */
export function standBeside(messages: readonly string[], room: number): boolean {
  if (room < narrowestMessage || room >= comfortableMessage) return room >= narrowestMessage
  return messages.every(
    (message) =>
      wrap(message, room).length <= mostLinesBeside &&
      message.split(' ').every((word) => widthOf(word) <= room),
  )
}

/** The widest of some texts, but not more than `most`. */
export function columnWidth(texts: readonly string[], most: number): number {
  return Math.min(
    most,
    texts.reduce((width, text) => Math.max(width, widthOf(text)), 0),
  )
}

/** Takes away what a table leaves at the ends of its lines. */
export function trimLines(lines: readonly string[]): string {
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

/** The longest start that is so wide at most, never within a character of several code points. */
function firstPart(text: string, width: number): string {
  if (isAscii(text)) return text.slice(0, width)
  let part = ''
  let taken = 0
  for (const { segment } of graphemesOf(text)) {
    taken += stringWidth(segment)
    if (taken > width) break
    part += segment
  }
  return part
}

function firstGrapheme(text: string): string {
  for (const { segment } of graphemesOf(text)) return segment
  return ''
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text)
}
