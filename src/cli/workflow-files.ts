import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { Diagnostic } from '../core/diagnostic.ts'
import { messageOf } from '../core/errors.ts'
import type { Resource } from '../core/resource.ts'
import { faultOfFile } from '../manifests/fault.ts'
import { findFleetRoot, isInside, leftWorkTree } from '../manifests/fleet-root.ts'
import { sourceOf } from '../reconcilers/workflow/place.ts'
import type { WorkflowSpec } from '../reconcilers/workflow/spec.generated.ts'
import type {
  NamedWorkflowFile,
  ReadWorkflowFile,
  WorkflowFileFault,
} from '../reconcilers/workflow/workflow-file.ts'

/** Workflow files, by absolute paths. */
export interface WorkflowFiles {
  /** Judged each by itself; all others were judged where a manifest names them. */
  readonly judged: readonly string[]
  /** Links out of the work tree, which are not followed: what is shown of a file is none of a stranger's to choose. */
  readonly outside: readonly string[]
  /** Those that are compared, and of which repository they are. */
  readonly compared: readonly Omit<NamedWorkflowFile, 'shown' | 'file'>[]
  /** Primary and backup. */
  readonly backups: readonly (readonly [string, string])[]
}

const folderOfWorkflows = '.github/workflows'

/** Files that are named on the command line: those of one folder are of one repository. */
export function namedWorkflowFiles(paths: readonly string[]): WorkflowFiles {
  const compared = paths.map((path) => ({
    path,
    repository: dirname(path),
    place: join(folderOfWorkflows, basename(path)),
  }))
  const outside = paths.filter((path) => leftWorkTree(path) !== undefined)
  const isHere = (path: string) => !outside.includes(path)
  return {
    judged: paths.filter(isHere),
    outside,
    compared: compared.filter(({ path }) => isHere(path)),
    backups: [],
  }
}

/** The workflow files of the repository that holds the manifests, and those that Workflows take as their source. */
export function findWorkflowFiles(manifestsFolder: string, resources: readonly Resource[]): WorkflowFiles {
  const root = findFleetRoot(manifestsFolder)
  const own = originOf(root)
  const names = namesIn(join(root, folderOfWorkflows))
  const files = names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(root, folderOfWorkflows, name))
  const outside = files.filter((path) => leadsOut(path, root))
  const judged = files.filter((path) => !outside.includes(path))
  const workflows = resources.filter(({ kind }) => kind === 'Workflow') as readonly Resource<WorkflowSpec>[]
  const isOwn = ({ spec }: Resource<WorkflowSpec>) => spec.repository.toLowerCase() === own
  const local = join(root, folderOfWorkflows)
  const sources = workflows.flatMap((workflow) => {
    const path = sourceOf(workflow)
    const { repository, path: place } = workflow.spec
    if (path === undefined) return []
    return [{ path, place, repository: isOwn(workflow) ? local : repository.toLowerCase() }]
  })
  // What a manifest puts in the place of a file counts instead of it.
  const isReplaced = (place: string) =>
    sources.some((source) => source.repository === local && source.place === place)
  const here = judged.map((path) => ({ path, repository: local, place: relative(root, path) }))
  const fileOf = new Map(
    workflows.map((workflow) => {
      const isHere = own === undefined || isOwn(workflow)
      return [workflow.id, sourceOf(workflow) ?? (isHere ? join(root, workflow.spec.path) : undefined)]
    }),
  )
  const backups = workflows.flatMap(({ id, controls }) => {
    const primary = fileOf.get(id)
    return controls.fallback.flatMap((fallback) => {
      const backup = fileOf.get(fallback)
      return primary !== undefined && backup !== undefined ? [[primary, backup] as const] : []
    })
  })
  const compared = [...here.filter(({ place }) => !isReplaced(place)), ...sources]
  return { judged, outside, compared, backups }
}

/** Whether a link leads out of the repository; one that leads nowhere is told where it is read. */
function leadsOut(path: string, root: string): boolean {
  try {
    return !isInside(realpathSync(path), [root])
  } catch {
    return false
  }
}

/** `owner/name` of the repository that a work tree was cloned from, lower-case; undefined: it does not say. */
function originOf(root: string): string | undefined {
  const text = textOf(join(root, '.git/config'))
  const [, section = ''] = /^\[remote "origin"\]\s*\n((?:[ \t]+.*\n?)*)/m.exec(text) ?? []
  const [, owner, name] = /^\s*url\s*=\s*\S*[/:]([^/:\s]+)\/([^/\s]+?)(?:\.git)?\/?\s*$/m.exec(section) ?? []
  return owner === undefined || name === undefined ? undefined : `${owner}/${name}`.toLowerCase()
}

/** Empty where there is no such folder, or it may not be read. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Empty where there is no such file, or it may not be read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Judges workflow files, each by itself and all together. Their parser is loaded only where there is one. */
export async function checkWorkflowFiles(
  { judged, outside, compared, backups }: WorkflowFiles,
  workingDirectory: string,
): Promise<readonly Diagnostic[]> {
  const paths = new Set([...judged, ...compared.map(({ path }) => path)])
  const diagnostics = outside.map(outsideRoot)
  if (paths.size === 0) return diagnostics
  const { readWorkflowFile, compareWorkflowFiles } = await import('../reconcilers/workflow/workflow-file.ts')
  const read = new Map<string, { readonly file: ReadWorkflowFile; readonly lines: readonly string[] }>()
  for (const path of paths) {
    const isJudged = judged.includes(path)
    try {
      const text = await readFile(path, 'utf8')
      const lines = text.split(/\r?\n/)
      const file = await readWorkflowFile(path, text)
      read.set(path, { file, lines })
      if (isJudged) diagnostics.push(...file.faults.map((fault) => diagnosticOf(path, fault, lines)))
    } catch (error) {
      // What a manifest names and cannot be read was told there.
      if (isJudged) diagnostics.push(unreadable(path, error))
    }
  }
  const files = compared.flatMap((one) => {
    const file = read.get(one.path)?.file
    return file ? [{ ...one, file, shown: relative(workingDirectory, one.path) || one.path }] : []
  })
  for (const fault of compareWorkflowFiles(files, backups)) {
    diagnostics.push(diagnosticOf(fault.path, fault, read.get(fault.path)?.lines ?? []))
  }
  return diagnostics
}

function unreadable(file: string, error: unknown): Diagnostic {
  const message = `Could not read the workflow file: ${messageOf(error)}`
  return faultOfFile(file, { code: 'file-unreadable', message })
}

function outsideRoot(file: string): Diagnostic {
  return faultOfFile(file, {
    code: 'file-outside-root',
    message: 'The link leads out of the git work tree that it lies in',
    hint: 'Put the workflow file itself there: GitHub follows no link.',
  })
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
