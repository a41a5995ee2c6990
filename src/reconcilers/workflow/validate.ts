import { readFile, stat } from 'node:fs/promises'
import { parseDuration } from '../../core/duration.ts'
import type { Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import { sourceOf } from './place.ts'
import type { WorkflowSpec } from './spec.generated.ts'

/** GitHub's smallest schedule is 5 minutes, and its schedules are late by several. Milliseconds. */
const shortestWithin = 300_000

/** What the schema cannot say of a Workflow. Looks at files, writes nothing. */
export async function validateWorkflow(desired: Resource<WorkflowSpec>, report: Report): Promise<void> {
  checkGreen(desired, report)
  checkDelivery(desired, report)
  checkName(desired, report)
  await checkSource(desired, report)
}

function checkGreen({ spec }: Resource<WorkflowSpec>, report: Report): void {
  const { green, state } = spec
  const within = parseDuration(green?.within ?? '')
  if (within !== undefined && within < shortestWithin) {
    report({
      severity: 'error',
      code: 'workflow-within-too-short',
      path: '/spec/green/within',
      message: `Expected green.within to be at least 5m, got ${green?.within}: GitHub starts nothing more often than every 5 minutes`,
    })
  }
  if (green?.onStale === 'dispatch' && green.events && !green.events.includes('workflow_dispatch')) {
    report({
      severity: 'error',
      code: 'workflow-dispatch-not-counted',
      path: '/spec/green/events',
      message: 'Expected green.events to hold workflow_dispatch where onStale is dispatch',
      hint: 'a run that we start would not count, and another would be started again and again',
    })
  }
  if (green?.onFailure === 'dispatch' && green.events && !green.events.includes('workflow_dispatch')) {
    report({
      severity: 'error',
      code: 'workflow-dispatch-not-counted',
      path: '/spec/green/events',
      message: 'Expected green.events to hold workflow_dispatch where onFailure is dispatch',
      hint: 'a run that we start would not count',
    })
  }
  if (green && state === 'disabled') {
    report({
      severity: 'warning',
      code: 'workflow-green-while-disabled',
      path: '/spec/green',
      message: 'A workflow that is declared to be disabled is not judged by its runs',
      hint: 'remove green, or state: disabled',
    })
  }
}

function checkDelivery({ spec }: Resource<WorkflowSpec>, report: Report): void {
  if (spec.delivery === undefined || spec.source !== undefined) return
  report({
    severity: 'error',
    code: 'workflow-delivery-without-source',
    path: '/spec/delivery',
    message: 'Expected delivery only together with source: there is nothing to deliver',
  })
}

/** GitHub refuses such names when the repository is made, so there is none. */
function checkName({ spec }: Resource<WorkflowSpec>, report: Report): void {
  const name = spec.repository.slice(spec.repository.indexOf('/') + 1)
  if (name !== '.' && name !== '..') return
  report({
    severity: 'error',
    code: 'workflow-repository-name',
    path: '/spec/repository',
    message: `Expected a repository as OWNER/NAME, got ${spec.repository}`,
  })
}

async function checkSource(desired: Resource<WorkflowSpec>, report: Report): Promise<void> {
  const path = sourceOf(desired)
  if (path === undefined) return
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return checkContent(path, desired.spec.source ?? path, report)
  report({
    severity: 'error',
    code: 'workflow-source-missing',
    path: '/spec/source',
    message: `Expected source to be a file, got ${desired.spec.source}: ${found ? 'it is something else' : 'there is none'}`,
  })
}

/** GitHub's parser is large, so it is loaded where a file is to be judged. What is not valid is never delivered. */
async function checkContent(path: string, name: string, report: Report): Promise<void> {
  const [{ readWorkflowFile }, text] = await Promise.all([
    import('./workflow-file.ts'),
    readFile(path, 'utf8'),
  ])
  const { faults } = await readWorkflowFile(path, text)
  for (const { severity, code, message, line, column, hint } of faults) {
    report({
      severity,
      code,
      path: '/spec/source',
      message: `${name}:${line}:${column}: ${message}`,
      ...(hint !== undefined && { hint }),
    })
  }
}
