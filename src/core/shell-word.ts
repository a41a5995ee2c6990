/** As a POSIX shell reads it as one word. What stands for something else, such as `NUMBER`, stays as it is. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : inQuotes(word)
}

/** The same, in quotes whatever it holds. */
export function inQuotes(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
