/**
 * Escape sequences of ECMA-48: control sequences (ESC [ ...), strings ended by BEL or ESC \ (a terminal's title, a link), and
 * the short ones. Taken out whole, so that their letters do not stay behind.
 */
export const escapeSequence =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g

/** What ends a line, or looks as if it did. */
export const lineBreak = /\r\n|[\n\r\u0085\u2028\u2029]/g

/**
 * What no text that is shown keeps: controls, marks that turn its direction around, what has no width, and what is no
 * character at all. It is taken out, or a space or a question mark is put in its place.
 */
const unseen =
  /[\p{Cc}\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e007f}]/gu
const spaceOrUnseen = new RegExp(`(?:\\s|${unseen.source})+`, 'gu')
const onlySpace = /^[\s&&[^\u2028\u2029\ufeff]]+$/v

/** Stands in a softened text for what is not seen, and for whatever became of it. */
export const gap = 0x200b

/** With one space for each run of white space, and one `gap` for each run that holds what is not seen. */
export function soften(text: string): string {
  return text.replace(spaceOrUnseen, (run) => (onlySpace.test(run) ? ' ' : String.fromCharCode(gap)))
}

/** With a question mark for each UTF-16 unit that is not seen, so that all else keeps its column; a tab is a space. */
export function markUnseen(text: string): string {
  return text.replaceAll('\t', ' ').replace(unseen, (character) => '?'.repeat(character.length))
}

/** Whether a UTF-16 unit is white space. */
export function isSpace(unit: number): boolean {
  if (unit < 128) return unit === 32 || (unit >= 9 && unit <= 13)
  if (unit < 0x2000) return unit === 160 || unit === 0x1680
  return (
    unit <= 0x200a ||
    (unit >= 0x2028 && unit <= 0x2029) ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000
  )
}

/** Whether a UTF-16 unit is white space, or not seen at all. */
export function isUnseen(unit: number): boolean {
  if (unit < 128) return unit <= 32 || unit === 127
  if (unit < 0x2000) return unit <= 160 || unit === 0x61c || unit === 0x1680 || unit === 0x180e
  if (unit < 0x3000)
    return unit <= 0x200f || (unit >= 0x2028 && unit <= 0x202f) || (unit >= 0x205f && unit <= 0x206f)
  return unit === 0x3000 || unit === 0xfeff || unit >= 0xfff9
}
