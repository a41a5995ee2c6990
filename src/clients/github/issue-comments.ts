import { ReconcileError } from '../../core/errors.ts'
import type { Repository } from './repository.ts'
import type { Requester } from './requester.ts'

/** A comment below an issue or a pull request. */
export interface IssueComment {
  readonly id: number
  readonly body: string
  readonly author: { readonly login: string; readonly isBot: boolean }
}

const pageSize = 100
/** No more pages than this are read: GitHub lets an issue have 2,500 comments. */
const mostPages = 25

/** The comments of one issue or pull request. */
export class IssueComments {
  readonly #requester: Requester
  readonly #issue: { readonly owner: string; readonly repo: string; readonly issue_number: number }
  readonly #repository: Repository
  readonly #signal: AbortSignal

  constructor(
    requester: Requester,
    place: { readonly repository: Repository; readonly issue: number; readonly signal: AbortSignal },
  ) {
    const { repository, issue, signal } = place
    this.#requester = requester
    this.#repository = repository
    this.#issue = { ...repository, issue_number: issue }
    this.#signal = signal
  }

  /** All of them, the oldest first. */
  async list(): Promise<readonly IssueComment[]> {
    const all: IssueComment[] = []
    for (let page = 1; page <= mostPages; page += 1) {
      const comments = await this.#requester.read({
        what: 'read the comments of the pull request',
        route: 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
        parameters: { ...this.#issue, per_page: pageSize, page },
        parse: parseComments,
        signal: this.#signal,
        isForWrite: true,
      })
      all.push(...comments)
      if (comments.length < pageSize) break
    }
    return all
  }

  /** Who the token speaks for; undefined: it is one of an App, such as that of a run, which cannot be asked. */
  async self(): Promise<string | undefined> {
    try {
      return await this.#requester.find({
        what: 'read whose the token is',
        route: 'GET /user',
        parameters: {},
        parse: (data) => textOf(recordOf(data), 'login'),
        signal: this.#signal,
        isForWrite: true,
      })
    } catch (error) {
      if (error instanceof ReconcileError && error.code === 'PermissionMissing') return undefined
      throw error
    }
  }

  async create(body: string): Promise<void> {
    const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments'
    await this.#requester.write('comment on the pull request', route, { ...this.#issue, body }, this.#signal)
  }

  async update(id: number, body: string): Promise<void> {
    await this.#requester.write(
      'renew the comment on the pull request',
      'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
      { ...this.#repository, comment_id: id, body },
      this.#signal,
    )
  }

  async remove(id: number): Promise<void> {
    await this.#requester.write(
      'remove an older comment on the pull request',
      'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}',
      { ...this.#repository, comment_id: id },
      this.#signal,
    )
  }
}

function parseComments(data: unknown): readonly IssueComment[] {
  if (!Array.isArray(data)) throw invalid('the comments are no list')
  return data.map((one) => {
    const comment = recordOf(one)
    const { id, user } = comment
    if (typeof id !== 'number') throw invalid('a comment has no id')
    // Whose account is gone has none.
    const author = user === null ? { login: 'ghost', type: 'User' } : recordOf(user)
    return {
      id,
      body: typeof comment.body === 'string' ? comment.body : '',
      author: { login: textOf(author, 'login'), isBot: author.type === 'Bot' },
    }
  })
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw invalid('something is no object')
  return value as Readonly<Record<string, unknown>>
}

function textOf(record: Readonly<Record<string, unknown>>, field: string): string {
  const value = record[field]
  if (typeof value !== 'string') throw invalid(`there is no ${field}`)
  return value
}

function invalid(what: string): ReconcileError {
  return new ReconcileError('RemoteAnswerInvalid', `Could not read what GitHub answered: ${what}`)
}
