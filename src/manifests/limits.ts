/** Bounds of one file. A manifest of a hundred resources stays well inside each. */
export const limits = Object.freeze({
  /** Bytes of a file. */
  bytes: 256 * 1024,
  /** Nested mappings and lists. */
  depth: 50,
  keys: 2000,
  aliases: 50,
  /** Values of a file after its aliases are expanded. */
  values: 20_000,
  /** Manifests of one folder. */
  files: 5000,
})

/**
 * Raw control characters, a lone carriage return, and what changes the direction of text. YAML 1.2 wants most of
 * them escaped (section 5.1), and the parser lets them pass.
 */
export const forbidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\r(?!\n)/

/** What every nesting, key and alias needs one of. */
const indicators = /[[{:?*-]/g

/** Whether a text is within each limit by its length and its indicators alone, as nearly every manifest is. */
export function isPlainlySmall(text: string): boolean {
  if (text.length > limits.values) return false
  let count = 0
  indicators.lastIndex = 0
  while (indicators.test(text)) {
    count += 1
    if (count > Math.min(limits.depth, limits.keys, limits.aliases)) {
      indicators.lastIndex = 0
      return false
    }
  }
  return true
}
