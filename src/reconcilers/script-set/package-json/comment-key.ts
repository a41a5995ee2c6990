/** Whether a key among the scripts is a comment by its name, as people write them in JSON: `//`, `// build`, `#`. */
export function isCommentKey(name: string): boolean {
  return /^(\/\/|#)|^_*comments?_*$/i.test(name)
}
