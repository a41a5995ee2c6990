import type { GithubClient } from '../../../clients/github/client.ts'
import { tokenCredential } from '../../../clients/github/credential.ts'
import { repositoryOf } from '../../../clients/github/repository.ts'
import type { WorkflowRecord } from '../../../clients/github/workflow-record.ts'
import { compareRuns, type WorkflowRun } from '../../../clients/github/workflow-run.ts'
import { messageOf, ReconcileError } from '../../../core/errors.ts'
import type {
  ImportContext,
  Imported,
  ImportedResource,
  Importer,
  ImportNotice,
} from '../../../core/import.ts'
import { resourceId } from '../../../core/resource.ts'
import { Secret } from '../../../core/secret.ts'
import { newestRunsOf } from '../newest-run.ts'
import type { WorkflowSpec } from '../spec.generated.ts'
import { WorkflowNames } from './workflow-names.ts'

/** A repository as it was read. */
interface Found {
  readonly input: string
  readonly branch: string
  readonly workflows: readonly WorkflowRecord[]
  readonly runs: readonly WorkflowRun[]
}

/** `reconcile import github OWNER/REPO..`: a manifest a workflow, as it is now. Three reads a repository. */
export const importGithub: Importer = async (context) => {
  const errors: ImportNotice[] = []
  const found: Found[] = []
  try {
    const github = await openClient(context)
    for (const input of new Set(context.inputs)) {
      try {
        found.push(await readRepository(github, input, context.signal))
      } catch (error) {
        context.signal.throwIfAborted()
        errors.push(noticeOf(input, error))
      }
    }
  } catch (error) {
    context.signal.throwIfAborted()
    errors.push(noticeOf('github', error))
  }
  return manifestsOf(found, errors)
}

async function openClient({ env, clock }: ImportContext): Promise<GithubClient> {
  const name = ['GITHUB_TOKEN', 'GH_TOKEN'].find((variable) => env[variable])
  // An import makes the first manifests, so it knows of no Fleet, and of no App that one declares.
  if (name === undefined) {
    throw new ReconcileError(
      'CredentialsMissing',
      'GITHUB_TOKEN is not set (an import takes a token from the environment alone, not the App of a Fleet)',
    )
  }
  const { openGithub } = await import('../../../clients/github/open.ts')
  return openGithub({
    apiUrl: env.GITHUB_API_URL || undefined,
    credential: tokenCredential(Secret.read(`fromEnv ${name}`, env[name] ?? '', 'import')),
    clock,
    cache: undefined,
    userAgent: 'reconciled',
  })
}

async function readRepository(github: GithubClient, input: string, signal: AbortSignal): Promise<Found> {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]*\/[A-Za-z0-9._-]+$/.test(input)) {
    throw new ReconcileError(
      'UsageInvalid',
      `Expected a repository as OWNER/NAME, got ${JSON.stringify(input)}`,
    )
  }
  const repository = repositoryOf(input)
  const [branch, workflows, { runs }] = await Promise.all([
    github.defaultBranchOf(repository, signal),
    github.listWorkflows(repository, signal),
    github.listRuns(repository, signal),
  ])
  return { input, branch, workflows, runs: [...runs].sort(compareRuns) }
}

function noticeOf(file: string, error: unknown): ImportNotice {
  const code = error instanceof ReconcileError ? error.code : 'Internal'
  return { file, line: undefined, code, message: messageOf(error) }
}

function manifestsOf(found: readonly Found[], errors: readonly ImportNotice[]): Imported {
  const names = new WorkflowNames()
  const warnings: ImportNotice[] = []
  const resources: ImportedResource[] = []
  for (const repository of found) {
    const { input, workflows } = repository
    for (const workflow of workflows) {
      const { path, state } = workflow
      if (state === 'deleted') continue
      const place = { file: input, line: undefined }
      if (!path.startsWith('.github/workflows/')) {
        const message = `${path} is no file of the repository`
        warnings.push({ ...place, code: 'import-github-no-file', message })
        continue
      }
      const name = names.take(path, found.length > 1 ? input : undefined)
      if (state === 'disabled_inactivity' || state === 'disabled_fork') {
        const message = `${path} was disabled by GitHub (${state}), and stays so; \`state: active\` has it enabled`
        warnings.push({ ...place, code: 'import-github-disabled', message })
      }
      resources.push({
        id: resourceId('Workflow', name),
        environment: undefined,
        from: place,
        manifest: {
          apiVersion: 'reconcile.dev/v1',
          kind: 'Workflow',
          metadata: { name },
          spec: specOf(repository, workflow),
        },
      })
    }
  }
  return { resources, conflicts: [], warnings, errors }
}

/** As it is now, so that the first plan is empty; its runs are judged where there are any, and nothing is done yet. */
function specOf({ input, branch, runs }: Found, { id, path, state }: WorkflowRecord): WorkflowSpec {
  const isActive = state === 'active'
  const own = runs.filter((run) => run.workflowId === id && run.branch === branch && run.isOwnBranch)
  const isJudged = isActive && newestRunsOf(own).completed !== undefined
  return {
    repository: input,
    path,
    state: isActive ? 'active' : 'disabled',
    ...(branch !== 'main' && { branch }),
    ...(isJudged && { green: {} }),
  }
}
