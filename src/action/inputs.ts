import { readFileSync } from 'node:fs'
import { type Repository, repositoryOf } from '../clients/github/repository.ts'
import { ReconcileError } from '../core/errors.ts'
import { lastingState } from './lasting-state.ts'

/** What a run of GitHub Actions and the inputs of `action.yml` say. */
export interface Inputs {
  readonly event: PullRequestEvent | OtherEvent
  readonly repository: Repository
  readonly apiUrl: string | undefined
  readonly token: string
  /** As `-f` takes it. */
  readonly manifests: string
  /** Empty: the base alone. */
  readonly environment: string
  /** Where a pass is made: the file of its state; undefined: none is made. */
  readonly applyWith: string | undefined
  /** A pass is wanted, and this is no event on which one is made. */
  readonly isAppliedElsewhere: boolean
  /** The file that the run shows as its summary; undefined: none. */
  readonly summary: string | undefined
}

export interface PullRequestEvent {
  readonly type: 'pull_request'
  readonly number: number
  /** The commit that it is compared with. */
  readonly base: string
}

export interface OtherEvent {
  readonly type: 'other'
  readonly name: string
}

type Env = Readonly<Record<string, string | undefined>>

/** Rejects what is not given or cannot be done, before anything is called. */
export function readInputs(env: Env, cwd: string): Inputs {
  const name = required(env, 'GITHUB_EVENT_NAME')
  const repository = required(env, 'GITHUB_REPOSITORY')
  if (name === 'pull_request_target') {
    throw new ReconcileError(
      'UsageInvalid',
      'Cannot run on pull_request_target: it would show the repository’s secrets to the code of a stranger',
      { hint: 'Run it on pull_request.' },
    )
  }
  const isApplying = booleanOf(env, 'INPUT_APPLY')
  return {
    event: name === 'pull_request' ? pullRequestOf(env) : { type: 'other', name },
    repository: repositoryOf(repository),
    apiUrl: env.GITHUB_API_URL || undefined,
    token: required(env, 'INPUT_TOKEN'),
    manifests: env.INPUT_MANIFESTS || 'manifests',
    environment: env.INPUT_ENVIRONMENT ?? '',
    applyWith: isApplying && name === 'push' ? lastingState(env, cwd) : undefined,
    isAppliedElsewhere: isApplying && name !== 'push' && name !== 'pull_request',
    summary: env.GITHUB_STEP_SUMMARY || undefined,
  }
}

function required(env: Env, name: string): string {
  const value = env[name]
  if (value) return value
  throw new ReconcileError('UsageInvalid', `Expected ${name} to be set, as in a run of GitHub Actions`)
}

function booleanOf(env: Env, name: string): boolean {
  const value = env[name] || 'false'
  if (value === 'true' || value === 'false') return value === 'true'
  throw new ReconcileError(
    'UsageInvalid',
    `Expected the input ${name.slice('INPUT_'.length).toLowerCase()} to be true or false, got ${value}`,
  )
}

function pullRequestOf(env: Env): PullRequestEvent {
  const path = required(env, 'GITHUB_EVENT_PATH')
  const payload = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly pull_request?: { readonly number?: unknown; readonly base?: { readonly sha?: unknown } }
  }
  const { number, base } = payload.pull_request ?? {}
  if (typeof number !== 'number' || typeof base?.sha !== 'string' || !/^[0-9a-f]{40,64}$/.test(base.sha)) {
    throw new ReconcileError('UsageInvalid', `Expected ${path} to describe a pull request`)
  }
  return { type: 'pull_request', number, base: base.sha }
}
