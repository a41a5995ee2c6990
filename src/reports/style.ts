/** How parts of a report are set off from each other. */
export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly cyan: Paint
}

/** Takes text that is padded already: what it adds has no width. */
export type Paint = (text: string) => string

const asIs: Paint = (text) => text

/** Nothing but the text: for pipes, files, and where `NO_COLOR` is set. */
export const plain: Style = Object.freeze({
  bold: asIs,
  dim: asIs,
  red: asIs,
  green: asIs,
  yellow: asIs,
  cyan: asIs,
})

const sgr =
  (start: number, end: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${start}m${text}\u001b[${end}m`

/** Select Graphic Rendition of ECMA-48, in the eight colours that every terminal has. */
export const ansi: Style = Object.freeze({
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
})
