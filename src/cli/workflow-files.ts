import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostic } from '../core/diagnostic.ts'
import { messageOf } from '../core/errors.ts'
import { findFleetRoot } from '../manifests/fleet-root.ts'
import type { NamedWorkflowFile, WorkflowFileFault } from '../reconcilers/workflow/workflow-file.ts'

/** The workflow files of the repository that holds the manifests. */
export async function findWorkflowFiles(manifestsFolder: string): Promise<readonly string[]> {
  const folder = join(await findFleetRoot(manifestsFolder), '.github/workflows')
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}

/** Judges workflow files, each by itself and all together. Their parser is loaded only where there is one. */
export async function checkWorkflowFiles(paths: readonly string[]): Promise<readonly Diagnostic[]> {
  if (paths.length === 0) return []
  const { readWorkflowFile, compareWorkflowFiles } = await import('../reconcilers/workflow/workflow-file.ts')
  const diagnostics: Diagnostic[] = []
  const read: (NamedWorkflowFile & { readonly lines: readonly string[] })[] = []
  for (const path of new Set(paths)) {
    try {
      const text = await readFile(path, 'utf8')
      read.push({ path, file: await readWorkflowFile(path, text), lines: text.split(/\r?\n/) })
    } catch (error) {
      diagnostics.push({
        severity: 'error',
        code: 'file-unreadable',
        message: `Could not read the workflow file: ${messageOf(error)}`,
        position: { file: path, line: 1, column: 1 },
        length: 1,
        excerpt: undefined,
        hint: undefined,
      })
    }
  }
  for (const { path, file, lines } of read) {
    diagnostics.push(...file.faults.map((fault) => diagnosticOf(path, fault, lines)))
  }
  for (const fault of compareWorkflowFiles(read, [])) {
    const lines = read.find(({ path }) => path === fault.path)?.lines ?? []
    diagnostics.push(diagnosticOf(fault.path, fault, lines))
  }
  return diagnostics
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
