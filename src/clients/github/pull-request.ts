/** A pull request, with what is decided by. */
export interface PullRequest {
  readonly number: number
  readonly state: 'open' | 'closed'
  readonly isMerged: boolean
  readonly body: string
  readonly url: string
}
