import { shaped } from './shape.ts'
import {
  type SimulatedComment,
  type SimulatedPull,
  type SimulatedRepository,
  type SimulatedRun,
  type SimulatedWorkflow,
  shaOf,
} from './world.ts'

const iso = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`

/** The number of a job holds those of its run, of the attempt and of itself. */
const jobId = (run: SimulatedRun, index: number) => (run.id * 100 + run.attempt) * 1000 + index

/** The run and the place of a job in it. */
export const jobOf = (id: number) => [Math.floor(id / 100_000), id % 1000] as const

const failsIn = (run: SimulatedRun, index: number) =>
  index === run.jobs - 1 && run.conclusion !== null && run.conclusion !== 'success'

function failingOf(repository: SimulatedRepository, run: SimulatedRun) {
  const workflow = repository.workflows.find(({ id }) => id === run.workflowId)
  return workflow?.failing ?? { job: 'test', step: 'run the tests' }
}

/** Two steps of three seconds each; the second is the one that fails. */
function stepsOf(repository: SimulatedRepository, run: SimulatedRun, index: number) {
  const isFailing = failsIn(run, index)
  const at = Math.floor(run.startedAt / 1000) * 1000
  return [
    { name: 'check out', isFailing: false, startedAt: at, completedAt: at + 3000 },
    {
      name: isFailing ? failingOf(repository, run).step : 'build',
      isFailing,
      startedAt: at + 3000,
      completedAt: at + 6000,
    },
  ]
}

/** The log of a job as its store keeps it: a time before each line, steps one after another. */
export function logOf(repository: SimulatedRepository, run: SimulatedRun, index: number): string {
  const lines = stepsOf(repository, run, index).flatMap(({ name, isFailing, startedAt, completedAt }) => [
    [startedAt + 400, `##[group]Run ${name}`],
    [startedAt + 400, '##[endgroup]'],
    [startedAt + 1500, `output of ${name}, attempt ${run.attempt}`],
    [completedAt + 300, isFailing ? '##[error]Process completed with exit code 1.' : `${name} is done`],
  ])
  return `\uFEFF${lines.map(([at, text]) => `${new Date(Number(at)).toISOString().replace('Z', '1234Z')} ${text}\r\n`).join('')}`
}

/** Says things as GitHub says them. `base` is the simulator's own address: clients follow it. */
export class Renderer {
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  repository(repository: SimulatedRepository): unknown {
    return shaped('full-repository', {
      id: repository.id,
      name: repository.name,
      full_name: repository.fullName,
      private: repository.isPrivate,
      default_branch: repository.defaultBranch,
      owner: shaped('simple-user', { login: repository.owner }),
      html_url: `https://github.test/${repository.fullName}`,
      url: this.#url(repository),
    })
  }

  workflow(repository: SimulatedRepository, workflow: SimulatedWorkflow): unknown {
    const url = `${this.#url(repository)}/actions/workflows/${workflow.id}`
    return shaped('workflow', {
      id: workflow.id,
      node_id: `W_${workflow.id}`,
      name: workflow.name,
      path: workflow.path,
      state: workflow.state,
      created_at: iso(workflow.createdAt),
      updated_at: iso(workflow.updatedAt),
      url,
      html_url: `https://github.test/${repository.fullName}/blob/${repository.defaultBranch}/${workflow.path}`,
      badge_url: `https://github.test/${repository.fullName}/workflows/${workflow.name}/badge.svg`,
    })
  }

  run(repository: SimulatedRepository, run: SimulatedRun): unknown {
    const workflow = repository.workflows.find(({ id }) => id === run.workflowId)
    const url = `${this.#url(repository)}/actions/runs/${run.id}`
    return shaped('workflow-run', {
      id: run.id,
      node_id: `R_${run.id}`,
      name: workflow?.name ?? null,
      display_title: `${workflow?.name} by ${run.event}`,
      head_branch: run.branch,
      head_sha: run.headSha,
      path: workflow?.path ?? '',
      run_number: run.number,
      run_attempt: run.attempt,
      event: run.event,
      status: run.status,
      conclusion: run.conclusion,
      workflow_id: run.workflowId,
      check_suite_id: run.id,
      url,
      html_url: `https://github.test/${repository.fullName}/actions/runs/${run.id}`,
      created_at: iso(run.createdAt),
      updated_at: iso(run.updatedAt),
      run_started_at: iso(run.startedAt),
      jobs_url: `${url}/jobs`,
      logs_url: `${url}/logs`,
      cancel_url: `${url}/cancel`,
      rerun_url: `${url}/rerun`,
      workflow_url: `${this.#url(repository)}/actions/workflows/${run.workflowId}`,
      pull_requests: [],
      head_commit: {
        id: run.headSha,
        tree_id: run.headSha,
        message: 'a commit',
        timestamp: iso(run.createdAt),
        author: { name: 'a', email: 'a@example.test' },
        committer: { name: 'a', email: 'a@example.test' },
      },
      repository: this.#repository(repository, repository.fullName),
      head_repository: this.#repository(
        repository,
        run.isOfFork ? `stranger/${repository.name}` : repository.fullName,
      ),
    })
  }

  job(repository: SimulatedRepository, run: SimulatedRun, index: number): unknown {
    const workflow = repository.workflows.find(({ id }) => id === run.workflowId)
    const isFailing = failsIn(run, index)
    const id = jobId(run, index)
    const conclusion = run.status === 'completed' ? (isFailing ? run.conclusion : 'success') : null
    const steps = stepsOf(repository, run, index).map(
      ({ name, isFailing: fails, startedAt, completedAt }, at) => ({
        name,
        number: at + 1,
        status: conclusion === null && at === 1 ? 'in_progress' : 'completed',
        conclusion: conclusion === null && at === 1 ? null : fails ? conclusion : 'success',
        started_at: iso(startedAt),
        completed_at: conclusion === null && at === 1 ? null : iso(completedAt),
      }),
    )
    return shaped('job', {
      id,
      run_id: run.id,
      run_attempt: run.attempt,
      node_id: `J_${id}`,
      run_url: `${this.#url(repository)}/actions/runs/${run.id}`,
      head_sha: run.headSha,
      head_branch: run.branch,
      workflow_name: workflow?.name ?? null,
      name: isFailing ? failingOf(repository, run).job : `job-${index + 1}`,
      url: `${this.#url(repository)}/actions/jobs/${id}`,
      html_url: `https://github.test/${repository.fullName}/actions/runs/${run.id}/job/${id}`,
      status: run.status === 'completed' ? 'completed' : 'in_progress',
      conclusion,
      created_at: iso(run.createdAt),
      started_at: iso(run.startedAt),
      completed_at: conclusion === null ? null : iso(run.updatedAt),
      steps,
    })
  }

  file(repository: SimulatedRepository, path: string, content: Buffer): unknown {
    const url = `${this.#url(repository)}/contents/${path}`
    const sha = shaOf(content)
    return shaped('content-file', {
      type: 'file',
      encoding: 'base64',
      size: content.length,
      name: path.slice(path.lastIndexOf('/') + 1),
      path,
      content: content.toString('base64'),
      sha,
      url,
      git_url: `${this.#url(repository)}/git/blobs/${sha}`,
      html_url: `https://github.test/${repository.fullName}/blob/main/${path}`,
      download_url: `https://raw.github.test/${repository.fullName}/main/${path}`,
      _links: { git: url, html: url, self: url },
    })
  }

  ref(repository: SimulatedRepository, branch: string, sha: string): unknown {
    return {
      ref: `refs/heads/${branch}`,
      node_id: `REF_${branch}`,
      url: `${this.#url(repository)}/git/refs/heads/${branch}`,
      object: { type: 'commit', sha, url: `${this.#url(repository)}/git/commits/${sha}` },
    }
  }

  comment(repository: SimulatedRepository, comment: SimulatedComment): unknown {
    const at = iso(comment.createdAt)
    return shaped('issue-comment', {
      id: comment.id,
      body: comment.body,
      user: shaped('simple-user', comment.author),
      created_at: at,
      updated_at: at,
      url: `${this.#url(repository)}/issues/comments/${comment.id}`,
      issue_url: `${this.#url(repository)}/issues/${comment.issue}`,
      html_url: `https://github.test/${repository.fullName}/pull/${comment.issue}#issuecomment-${comment.id}`,
    })
  }

  pull(repository: SimulatedRepository, pull: SimulatedPull, schema: string): unknown {
    const side = (branch: string) => {
      const sha = repository.branches.get(branch)?.sha ?? '0'.repeat(40)
      const full = shaped('repository', { full_name: repository.fullName, name: repository.name })
      return {
        label: `${repository.owner}:${branch}`,
        ref: branch,
        sha,
        repo: full,
        user: shaped('simple-user', {}),
      }
    }
    const link = { href: `${this.#url(repository)}/pulls/${pull.number}` }
    return shaped(schema, {
      id: pull.number,
      number: pull.number,
      state: pull.state,
      title: pull.title,
      body: pull.body,
      created_at: iso(pull.createdAt),
      updated_at: iso(pull.createdAt),
      closed_at: pull.state === 'closed' ? iso(pull.createdAt) : null,
      merged_at: pull.mergedAt === undefined ? null : iso(pull.mergedAt),
      user: shaped('simple-user', {}),
      head: side(pull.head),
      base: side(pull.base),
      url: link.href,
      html_url: `https://github.test/${repository.fullName}/pull/${pull.number}`,
      _links: {
        comments: link,
        commits: link,
        statuses: link,
        html: link,
        issue: link,
        review_comments: link,
        review_comment: link,
        self: link,
      },
      ...(schema === 'pull-request' && { merged: pull.mergedAt !== undefined }),
    })
  }

  #url(repository: SimulatedRepository): string {
    return `${this.#base}/repos/${repository.fullName}`
  }

  #repository(repository: SimulatedRepository, fullName: string): unknown {
    const [login = ''] = fullName.split('/')
    return shaped('minimal-repository', {
      id: repository.id,
      name: repository.name,
      full_name: fullName,
      private: repository.isPrivate,
      owner: shaped('simple-user', { login }),
      html_url: `https://github.test/${fullName}`,
      url: `${this.#base}/repos/${fullName}`,
    })
  }
}
