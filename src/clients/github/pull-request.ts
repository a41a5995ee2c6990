/** A pull request, with what is decided by. */
export interface PullRequest {
  readonly number: number
  /** The branch that it is from, and the one that it is into. */
  readonly head: string
  readonly base: string
  /** Whether both are branches of one repository, and none is a fork's. */
  readonly isOfOneRepository: boolean
  readonly state: 'open' | 'closed'
  readonly isMerged: boolean
  readonly body: string
  readonly url: string
}
