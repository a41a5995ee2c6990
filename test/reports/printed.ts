import stringWidth from 'string-width'
import { expect } from 'vitest'

/** Fails for anything in a printed text that is more than the text: controls, escapes, marks that reorder it. */
export function expectPrintable(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
  expect(text.isWellFormed()).toBe(true)
}

export function expectWithin(text: string, width: number): void {
  for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width)
}
