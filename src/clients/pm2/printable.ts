/** Text from outside on one line, without control characters and not longer than `longest` characters. */
export function printable(text: string, longest = 300): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim()
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean
}
