import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostic } from '../core/diagnostic.ts'
import { messageOf } from '../core/errors.ts'
import type { Resource } from '../core/resource.ts'
import { findFleetRoot } from '../manifests/fleet-root.ts'
import { sourceOf } from '../reconcilers/workflow/place.ts'
import type { WorkflowSpec } from '../reconcilers/workflow/spec.generated.ts'
import type { NamedWorkflowFile, WorkflowFileFault } from '../reconcilers/workflow/workflow-file.ts'

/** Workflow files, absolute paths. */
export interface WorkflowFiles {
  /** Judged each by itself, and with the others. */
  readonly judged: readonly string[]
  /** Compared with the others alone: they were judged where a manifest names them. */
  readonly compared: readonly string[]
  /** Primary and backup. */
  readonly backups: readonly (readonly [string, string])[]
}

/** The workflow files of the repository that holds the manifests, and those that Workflows take as their source. */
export async function findWorkflowFiles(
  manifestsFolder: string,
  resources: readonly Resource[],
): Promise<WorkflowFiles> {
  const root = await findFleetRoot(manifestsFolder)
  const folder = join(root, '.github/workflows')
  const names = await readdir(folder).catch(() => [])
  const judged = names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name))
  const workflows = resources.filter(({ kind }) => kind === 'Workflow') as readonly Resource<WorkflowSpec>[]
  const fileOf = new Map(
    workflows.map((workflow) => [workflow.id, sourceOf(workflow) ?? join(root, workflow.spec.path)]),
  )
  const backups = workflows.flatMap(({ id, controls }) => {
    const primary = fileOf.get(id)
    return controls.fallback.flatMap((fallback) => {
      const backup = fileOf.get(fallback)
      return primary !== undefined && backup !== undefined ? [[primary, backup] as const] : []
    })
  })
  const compared = workflows.flatMap((workflow) => sourceOf(workflow) ?? [])
  return { judged, compared: compared.filter((path) => !judged.includes(path)), backups }
}

/** Judges workflow files, each by itself and all together. Their parser is loaded only where there is one. */
export async function checkWorkflowFiles({
  judged,
  compared,
  backups,
}: WorkflowFiles): Promise<readonly Diagnostic[]> {
  if (judged.length + compared.length === 0) return []
  const { readWorkflowFile, compareWorkflowFiles } = await import('../reconcilers/workflow/workflow-file.ts')
  const diagnostics: Diagnostic[] = []
  const read: (NamedWorkflowFile & { readonly lines: readonly string[] })[] = []
  for (const path of new Set([...judged, ...compared])) {
    const isJudged = judged.includes(path)
    try {
      const text = await readFile(path, 'utf8')
      const lines = text.split(/\r?\n/)
      const file = await readWorkflowFile(path, text)
      read.push({ path, file, lines })
      if (isJudged) diagnostics.push(...file.faults.map((fault) => diagnosticOf(path, fault, lines)))
    } catch (error) {
      // What a manifest names and cannot be read was told there.
      if (isJudged) diagnostics.push(unreadable(path, error))
    }
  }
  for (const fault of compareWorkflowFiles(read, backups)) {
    const lines = read.find(({ path }) => path === fault.path)?.lines ?? []
    diagnostics.push(diagnosticOf(fault.path, fault, lines))
  }
  return diagnostics
}

function unreadable(file: string, error: unknown): Diagnostic {
  return {
    severity: 'error',
    code: 'file-unreadable',
    message: `Could not read the workflow file: ${messageOf(error)}`,
    position: { file, line: 1, column: 1 },
    length: 1,
    excerpt: undefined,
    hint: undefined,
  }
}

function diagnosticOf(path: string, fault: WorkflowFileFault, lines: readonly string[]): Diagnostic {
  const { severity, code, message, line, column, hint } = fault
  const excerpt = lines[line - 1]
  return {
    severity,
    code,
    message,
    position: { file: path, line, column },
    length: Math.max(1, Math.min(80, (excerpt?.trimEnd().length ?? column) - column + 1)),
    // A workflow holds its secrets by name alone, but nobody can be sure of that.
    excerpt: excerpt !== undefined && !/secret|token|password|key/i.test(excerpt) ? excerpt : undefined,
    hint,
  }
}
