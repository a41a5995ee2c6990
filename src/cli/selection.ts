import type { Declaration } from '../core/declaration.ts'
import { ReconcileError } from '../core/errors.ts'
import { compareIds, type ResourceId } from '../core/resource.ts'
import { suggestId } from '../manifests/suggest.ts'
import type { CommonOptions } from './options.ts'

/** The resources that `--only` and `-l` choose; undefined: the whole fleet. */
export function selectResources(
  declaration: Declaration,
  common: Pick<CommonOptions, 'only' | 'label'>,
): ReadonlySet<ResourceId> | undefined {
  if (common.only.length === 0 && common.label.length === 0) return undefined
  const known = declaration.resources.map((resource) => resource.id)
  for (const id of common.only) knownId(known, id)
  const labels = common.label.map(parseLabel)
  const chosen = declaration.resources.filter(
    (resource) =>
      (common.only.length === 0 || common.only.includes(resource.id)) &&
      labels.every(([key, value]) => resource.labels[key] === value),
  )
  if (chosen.length === 0) {
    throw new ReconcileError('NotFound', `No resource has the labels ${common.label.join(', ')}`)
  }
  return new Set(chosen.map((resource) => resource.id).sort(compareIds))
}

/** The id that a person typed, if it is declared. */
export function declaredId(declaration: Declaration, text: string): ResourceId {
  return knownId(
    declaration.resources.map((resource) => resource.id),
    text,
  )
}

/** The id that a person typed, if it is one of these. */
export function knownId(known: readonly ResourceId[], text: string): ResourceId {
  const found = known.find((id) => id === text)
  if (!found) throw notDeclared(text, known)
  return found
}

function parseLabel(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at <= 0) {
    throw new ReconcileError(
      'UsageInvalid',
      `Cannot select by label: expected label=value, such as tier=core, got ${JSON.stringify(text)}`,
    )
  }
  return [text.slice(0, at), text.slice(at + 1)]
}

function notDeclared(id: string, known: readonly ResourceId[]): ReconcileError {
  return new ReconcileError('NotFound', `No resource ${id} is declared`, { hint: idHint(id, known) })
}

/** What helps who typed an id that is not known. */
export function idHint(typed: string, known: readonly ResourceId[]): string {
  const close = suggestId(typed as ResourceId, known)
  return close === undefined
    ? 'Resources are named Kind/name; `reconcile status` lists them.'
    : `Did you mean ${close}?`
}
