import type { Secret } from '../../core/secret.ts'
import type { Repository } from './repository.ts'

/** What a call shows to GitHub. */
export interface Authorization {
  /** The value of the Authorization header. */
  readonly header: string
  /** Whose limit the call counts against: a token is one account, each installation of a GitHub App is another. */
  readonly account: string
}

/** What is shown to GitHub. The text leaves the program in a header to his host alone. */
export interface Credential {
  /** Names it in keys of the cache; says nothing of the text. */
  readonly digest: string
  /** For calls about a repository; undefined: about none. */
  authorize(repository: Repository | undefined, signal: AbortSignal): Promise<Authorization>
  /** Forgets what GitHub did not accept (401). Whether asking anew may give another one. */
  drop(refused: Authorization): boolean
}

/** A personal or workflow token. */
export function tokenCredential(token: Secret): Credential {
  return {
    digest: token.digest ?? token.source,
    authorize: async () => ({ header: `token ${token.reveal()}`, account: 'token' }),
    drop: () => false,
  }
}
