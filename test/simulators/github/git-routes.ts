import { type Answer, type Call, notFound, pageOf, type Route, refuse, repo } from './route.ts'
import { shaOf } from './world.ts'

function putFile(call: Call): Answer {
  const { repository, params, body, render } = call
  const path = decodeURIComponent(params.path ?? '')
  const name = String(body.branch ?? repository.defaultBranch)
  const branch = repository.branches.get(name)
  if (!branch) return refuse(404, `Branch ${name} not found`)
  const before = branch.files.get(path)
  const expected = typeof body.sha === 'string' ? body.sha : undefined
  if (before && expected === undefined) return refuse(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
  if (expected !== undefined && (!before || shaOf(before) !== expected)) {
    return refuse(409, `${path} does not match ${expected}`)
  }
  if (repository.protectedBranches.has(name)) {
    return refuse(409, 'Repository rule violations found\n\nChanges must be made through a pull request.\n\n')
  }
  const content = Buffer.from(String(body.content ?? ''), 'base64')
  repository.commit(name, path, content)
  const isRegistered = repository.workflows.some((workflow) => workflow.path === path)
  if (name === repository.defaultBranch && path.startsWith('.github/workflows/') && !isRegistered) {
    repository.addWorkflow(path)
  }
  const file = render.file(repository, path, content) as Readonly<Record<string, unknown>>
  const { content: _content, encoding: _encoding, ...entry } = file
  return { status: before ? 200 : 201, body: { content: entry, commit: { sha: branch.sha } } }
}

function getFile(call: Call): Answer {
  const { repository, params, query, render } = call
  const path = decodeURIComponent(params.path ?? '')
  const content = repository.branches.get(query.get('ref') ?? repository.defaultBranch)?.files.get(path)
  return content ? { status: 200, body: render.file(repository, path, content) } : notFound
}

function invalidPull(error: Readonly<Record<string, string>>): Answer {
  return {
    status: 422,
    body: { message: 'Validation Failed', errors: [{ resource: 'PullRequest', ...error }] },
  }
}

function createPull(call: Call): Answer {
  const { repository, body, render, world } = call
  const head = String(body.head ?? '')
  const base = String(body.base ?? '')
  if (!repository.branches.has(head)) return invalidPull({ field: 'head', code: 'invalid' })
  if (!repository.branches.has(base)) return invalidPull({ field: 'base', code: 'invalid' })
  if (repository.pulls.some((pull) => pull.head === head && pull.base === base && pull.state === 'open')) {
    const message = `A pull request already exists for ${repository.owner}:${head}.`
    return invalidPull({ code: 'custom', message })
  }
  if (!repository.hasOwnCommits(head, base)) {
    return invalidPull({ code: 'custom', message: `No commits between ${base} and ${head}` })
  }
  const pull = {
    number: repository.pulls.length + 1,
    head,
    base,
    title: String(body.title ?? ''),
    body: String(body.body ?? ''),
    state: 'open' as const,
    mergedAt: undefined,
    createdAt: world.now(),
  }
  repository.pulls.unshift(pull)
  return { status: 201, body: render.pull(repository, pull, 'pull-request') }
}

function updatePull(call: Call): Answer {
  const { repository, params, body, render } = call
  const pull = repository.pulls.find(({ number }) => String(number) === params.pull_number)
  if (!pull) return notFound
  if (typeof body.body === 'string') pull.body = body.body
  if (body.state === 'closed') pull.state = 'closed'
  return { status: 200, body: render.pull(repository, pull, 'pull-request') }
}

/** Calls about files, branches and pull requests. */
export const gitRoutes: readonly Route[] = [
  { name: 'getFile', method: 'GET', path: `${repo}/contents/{path}`, answer: getFile },
  { name: 'putFile', method: 'PUT', path: `${repo}/contents/{path}`, answer: putFile },
  {
    name: 'getRef',
    method: 'GET',
    path: `${repo}/git/ref/{ref}`,
    answer: ({ repository, params, render }) => {
      const branch = decodeURIComponent(params.ref ?? '').replace(/^heads\//, '')
      const found = repository.branches.get(branch)
      return found ? { status: 200, body: render.ref(repository, branch, found.sha) } : notFound
    },
  },
  {
    name: 'createRef',
    method: 'POST',
    path: `${repo}/git/refs`,
    answer: ({ repository, body, render }) => {
      const branch = String(body.ref ?? '').replace(/^refs\/heads\//, '')
      if (repository.branches.has(branch)) return refuse(422, 'Reference already exists')
      const sha = String(body.sha ?? '')
      if (!repository.placeBranch(branch, sha)) return refuse(422, 'Object does not exist')
      return { status: 201, body: render.ref(repository, branch, sha) }
    },
  },
  {
    name: 'updateRef',
    method: 'PATCH',
    path: `${repo}/git/refs/{ref}`,
    answer: ({ repository, params, body, render }) => {
      const branch = decodeURIComponent(params.ref ?? '').replace(/^heads\//, '')
      const before = repository.branches.get(branch)
      if (!before) return refuse(422, 'Reference does not exist')
      const sha = String(body.sha ?? '')
      if (!repository.history.get(sha)) return refuse(422, 'Object does not exist')
      if (body.force !== true && !repository.history.upTo(sha).includes(before.sha)) {
        return refuse(422, 'Update is not a fast forward')
      }
      repository.placeBranch(branch, sha)
      return { status: 200, body: render.ref(repository, branch, sha) }
    },
  },
  {
    name: 'deleteRef',
    method: 'DELETE',
    path: `${repo}/git/refs/{ref}`,
    answer: ({ repository, params }) => {
      const branch = decodeURIComponent(params.ref ?? '').replace(/^heads\//, '')
      if (!repository.deleteBranch(branch)) return refuse(422, 'Reference does not exist')
      return { status: 204 }
    },
  },
  {
    name: 'listPulls',
    method: 'GET',
    path: `${repo}/pulls`,
    isList: true,
    answer: ({ repository, query, render }) => {
      // "in the format of user:ref-name or organization:ref-name": who else has a branch of that name is not meant.
      const [owner, head] = query.get('head')?.split(':') ?? []
      const state = query.get('state') ?? 'open'
      const found = repository.pulls.filter(
        (pull) =>
          pull.head === (head ?? pull.head) &&
          (owner ?? repository.owner).toLowerCase() === repository.owner.toLowerCase() &&
          pull.base === (query.get('base') ?? pull.base) &&
          (state === 'all' || pull.state === state),
      )
      return {
        status: 200,
        body: pageOf(found, query).map((pull) => render.pull(repository, pull, 'pull-request-simple')),
      }
    },
  },
  { name: 'createPull', method: 'POST', path: `${repo}/pulls`, answer: createPull },
  { name: 'updatePull', method: 'PATCH', path: `${repo}/pulls/{pull_number}`, answer: updatePull },
]
