import { appendFile } from 'node:fs/promises'
import { tokenCredential } from '../clients/github/credential.ts'
import { IssueComments } from '../clients/github/issue-comments.ts'
import { Requester } from '../clients/github/requester.ts'
import { systemClock } from '../clients/host/clock.ts'
import { messageOf, ReconcileError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { type Inputs, type PullRequestEvent, readInputs } from './inputs.ts'
import { keepOneComment, markerOf } from './one-comment.ts'
import { annotate, reconcile, show } from './program.ts'

// What `action.yml` runs. On a pull request: checks the manifests, compares them with those of the base, and keeps one
// comment that says what the change does. On a push with `apply`: makes a pass, on the fleet's own host. Elsewhere: checks.

/** Of one call to GitHub with its retries. */
const commentTakes = 60_000

async function run(inputs: Inputs): Promise<boolean> {
  const isFine = await check(inputs)
  if (inputs.event.type === 'pull_request') return (await review(inputs, inputs.event)) && isFine
  if (inputs.isAppliedElsewhere)
    annotate(
      'warning',
      'Nothing was applied: `apply` makes a pass on a push, and this run was started otherwise',
    )
  if (inputs.applyWith === undefined) return isFine
  return isFine && (await apply(inputs, inputs.applyWith))
}

/** Annotates what is wrong; whether nothing is. */
async function check(inputs: Inputs): Promise<boolean> {
  const { status, out } = await reconcile(['check', ...place(inputs), '-o', 'json'], process.env)
  const { diagnostics = [] } = parsed(out)
  for (const { severity, message, hint, ...at } of diagnostics) {
    annotate(severity, hint === null ? message : `${message}. ${hint}`, at)
  }
  return status === 0
}

async function review(inputs: Inputs, { base, number }: PullRequestEvent): Promise<boolean> {
  const env = { ...process.env, GITHUB_TOKEN: inputs.token }
  const { status, out } = await reconcile(
    ['plan', '--against', base, ...place(inputs), '-o', 'markdown'],
    env,
  )
  const text = out === '' ? failed : out
  await summarise(inputs, text)
  await comment(inputs, number, text)
  return status === 0
}

const failed =
  '### The manifests could not be compared\n\nThe log of the run says why; what is wrong in a manifest stands at its line.\n'

async function apply(inputs: Inputs, state: string): Promise<boolean> {
  const { status, out } = await reconcile([...place(inputs), '--state', state], process.env)
  show(out)
  await summarise(inputs, `\`\`\`\n${out.replaceAll('```', "'''")}\`\`\`\n`)
  return status === 0
}

/** The token of a fork's run may only read: then the summary is all there is, and that is no failure. */
async function comment(inputs: Inputs, issue: number, text: string): Promise<void> {
  const { repository, apiUrl, token, manifests, environment } = inputs
  const requester = new Requester({
    apiUrl,
    credential: tokenCredential(Secret.read('the input token', token, 'action')),
    clock: systemClock,
    cache: undefined,
    userAgent: 'reconciled-action',
  })
  const signal = AbortSignal.timeout(commentTakes)
  try {
    const comments = new IssueComments(requester, { repository, issue, signal })
    await keepOneComment(comments, markerOf(manifests, environment), text)
  } catch (error) {
    if (!(error instanceof ReconcileError) || error.code !== 'PermissionMissing') throw error
    annotate(
      'warning',
      'The token may not comment, as that of a fork; what the change does is in the summary',
    )
  } finally {
    await requester.close()
  }
}

async function summarise({ summary }: Inputs, text: string): Promise<void> {
  if (summary === undefined) show(text)
  else await appendFile(summary, `${text}\n`)
}

function place({ manifests, environment }: Inputs): readonly string[] {
  return ['-f', manifests, ...(environment === '' ? [] : ['--env', environment])]
}

interface CheckOutput {
  readonly diagnostics?: readonly {
    readonly severity: 'error' | 'warning'
    readonly message: string
    readonly file: string
    readonly line: number
    readonly column: number
    readonly hint: string | null
  }[]
}

/** Nothing, where the program failed before it printed: standard error says why. */
function parsed(text: string): CheckOutput {
  return text === '' ? {} : (JSON.parse(text) as CheckOutput)
}

try {
  process.exitCode = (await run(readInputs(process.env, process.cwd()))) ? 0 : 1
} catch (error) {
  const hint = error instanceof ReconcileError ? error.hint : undefined
  annotate('error', hint === undefined ? messageOf(error) : `${messageOf(error)}. ${hint}`)
  process.exitCode = 1
}
