import { dirname, resolve } from 'node:path'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { kindOf, type Resource, type ResourceId } from '../../core/resource.ts'
import type { ChildStatus, ResourceStatus } from '../../core/status.ts'
import { displayPath } from '../names.ts'
import type { Surroundings } from './command.ts'
import { declaredText } from './declared-text.ts'
import type { Report } from './report.ts'

type Finding = Report['findings'][number]

export interface Found {
  readonly diagnostics: readonly Diagnostic[]
  readonly statuses: readonly ResourceStatus[]
  readonly declared: ReadonlyMap<ResourceId, Resource>
  readonly surroundings: Surroundings
}

/** What checking the manifests, the workflow files and the scripts has found. */
export function findingsOf({ diagnostics, statuses, declared, surroundings }: Found): readonly Finding[] {
  const { workingDirectory } = surroundings
  return [
    ...diagnostics.map(({ severity, code, message, position, hint }) => ({
      severity,
      code,
      about: displayPath(position.file, workingDirectory),
      message,
      file: displayPath(position.file, workingDirectory),
      line: position.line,
      hint: hint ?? null,
    })),
    ...statuses.flatMap(({ id, children }) =>
      kindOf(id) === 'Process'
        ? []
        : children
            .filter(isTroubled)
            .map((child) => findingOf(child, { id, resource: declared.get(id), surroundings })),
    ),
  ]
}

function isTroubled({ health, details }: ChildStatus): boolean {
  return health === 'Degraded' || health === 'Missing' || details.level === 'warning'
}

function findingOf(
  { name, health, message, details }: ChildStatus,
  about: {
    readonly id: ResourceId
    readonly resource: Resource | undefined
    readonly surroundings: Surroundings
  },
): Finding {
  const { id, surroundings } = about
  const codes = typeof details.findings === 'string' ? details.findings.split(', ') : []
  const code = codes[0] ?? (health === 'Missing' ? 'Missing' : details.lastRun ? 'CheckFailed' : 'Degraded')
  const place = placeOf(about)
  return {
    severity: health === 'Degraded' || health === 'Missing' ? 'error' : 'warning',
    code,
    about: `${id} ${name}`,
    // The severity stands beside it.
    message: message.replace(/^(?:error|warning|note): /, ''),
    file: place === undefined ? null : displayPath(place.file, surroundings.workingDirectory),
    line: place?.line ?? null,
    hint: hints[code] ?? null,
  }
}

/** The file that is to be mended: the package of scripts; else the manifest that declares the resource. */
function placeOf({
  id,
  resource,
  surroundings,
}: Parameters<typeof findingOf>[1]): { readonly file: string; readonly line: number | null } | undefined {
  if (!resource) return undefined
  const ofPackage = kindOf(id) === 'ScriptSet' ? declaredText(resource, 'package') : undefined
  if (ofPackage !== undefined) return { file: resolve(dirname(resource.origin.file), ofPackage), line: null }
  return surroundings.placeOf(id, ['spec']) ?? resource.origin
}

/** What helps against what is found in scripts and functions, by its code. */
const hints: Readonly<Record<string, string>> = Object.freeze({
  Missing: 'Write it, or take it out of what is declared.',
  CheckFailed: 'What it printed says why: `reconcile logs` shows it.',
  MissingScript: 'Write the script that it runs, or correct its name.',
  MissingFile: 'Correct the path, or bring the file back.',
  MissingFolder: 'Correct the path, or bring the folder back.',
  NotExecutable: 'Make it executable: `chmod +x`.',
  NotReadable: 'Let it be looked at: correct its permissions, or the link that leads round in a circle.',
  UnknownProgram: 'Install it as a dependency, or correct its name.',
  NotInstalled: 'Install the dependencies: `npm ci`.',
  UnknownWorkspace: 'Correct the name of the workspace, or declare it in package.json.',
  Cycle: 'Take one of the calls out: it would run for ever.',
  SyntaxError: 'Correct the command: the shell cannot read it.',
  EmptyCommand: 'Write a command: npm runs an empty one and reports success.',
  MasksFailure: 'Let it fail: what goes wrong is reported as success now.',
  UndeclaredDependency: 'Declare it: it is there only because another dependency brought it.',
})
