/** A repository by its two names. */
export interface Repository {
  readonly owner: string
  readonly repo: string
}

/** Reads `OWNER/NAME`. */
export function repositoryOf(text: string): Repository {
  const slash = text.indexOf('/')
  return { owner: text.slice(0, slash), repo: text.slice(slash + 1) }
}

export function nameOfRepository({ owner, repo }: Repository): string {
  return `${owner}/${repo}`
}
