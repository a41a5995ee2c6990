import { type Answer, type Call, notFound, pageOf, type Route, refuse, repo } from './route.ts'
import type { SimulatedComment } from './world.ts'

/** The token of a run of Actions speaks for this one. */
const runAuthor = Object.freeze({ login: 'github-actions[bot]', type: 'Bot' })

/** GitHub's limit. */
const longest = 65_536

function create(call: Call): Answer {
  const { repository, params, body, render, world } = call
  const issue = Number(params.issue_number)
  if (!repository.pulls.some(({ number }) => number === issue)) return notFound
  const text = String(body.body ?? '')
  if (text.length > longest) return refuse(422, 'body is too long (maximum is 65536 characters)')
  const comment = { id: world.nextId(), issue, author: runAuthor, body: text, createdAt: world.now() }
  repository.comments.push(comment)
  return { status: 201, body: render.comment(repository, comment) }
}

function change(call: Call, act: (comment: SimulatedComment) => Answer): Answer {
  const comment = call.repository.comments.find(({ id }) => id === Number(call.params.comment_id))
  if (!comment) return notFound
  if (comment.author.login !== runAuthor.login) return refuse(403, 'Resource not accessible by integration')
  return act(comment)
}

/** Comments of pull requests, which GitHub counts among issues. */
export const commentRoutes: readonly Route[] = [
  {
    name: 'listComments',
    method: 'GET',
    path: `${repo}/issues/{issue_number}/comments`,
    isList: true,
    answer: ({ repository, params, query, render }) => ({
      status: 200,
      body: pageOf(
        repository.comments.filter(({ issue }) => issue === Number(params.issue_number)),
        query,
      ).map((comment) => render.comment(repository, comment)),
    }),
  },
  { name: 'createComment', method: 'POST', path: `${repo}/issues/{issue_number}/comments`, answer: create },
  {
    name: 'updateComment',
    method: 'PATCH',
    path: `${repo}/issues/comments/{comment_id}`,
    answer: (call) =>
      change(call, (comment) => {
        comment.body = String(call.body.body ?? '')
        return { status: 200, body: call.render.comment(call.repository, comment) }
      }),
  },
  {
    name: 'deleteComment',
    method: 'DELETE',
    path: `${repo}/issues/comments/{comment_id}`,
    answer: (call) =>
      change(call, (comment) => {
        call.repository.comments.splice(call.repository.comments.indexOf(comment), 1)
        return { status: 204 }
      }),
  },
]
