import type { Secret } from '../../core/secret.ts'
import type { Repository } from './repository.ts'

/** What is shown to GitHub. The text leaves the program in a header to his host alone. */
export interface Credential {
  /** Names it in keys of the cache; says nothing of the text. */
  readonly digest: string
  /** The value of the Authorization header for calls about a repository; undefined: about none. */
  authorize(repository: Repository | undefined, signal: AbortSignal): Promise<string>
}

/** A personal or workflow token. */
export function tokenCredential(token: Secret): Credential {
  return {
    digest: token.digest ?? token.source,
    authorize: async () => `token ${token.reveal()}`,
  }
}
