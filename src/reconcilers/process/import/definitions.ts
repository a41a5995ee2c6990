import { isDeepStrictEqual } from 'node:util'
import type { ImportConflict, ImportPlace } from '../../../core/import.ts'
import type { AppDraft } from './app-spec.ts'

/** One definition of a name, and where it stands. */
export interface Definition {
  readonly app: AppDraft
  readonly from: ImportPlace
}

/** The first definition of each name, and what every further one has otherwise. */
export function firstOfEach(definitions: readonly Definition[]): {
  readonly first: readonly Definition[]
  readonly conflicts: readonly ImportConflict[]
} {
  const groups = new Map<string, Definition[]>()
  for (const each of definitions) groups.set(each.app.name, [...(groups.get(each.app.name) ?? []), each])
  const first = [...groups.values()].flatMap(([definition]) => definition ?? [])
  const conflicts = [...groups]
    .filter(([, group]) => group.length > 1)
    .map(([name, group]) => ({
      name,
      places: group.map(({ from }) => from),
      differs: differences(group.map(({ app }) => fieldsOf(app))),
    }))
  return { first, conflicts }
}

/** By dotted path in `spec`; the variables of an environment below its name. */
function fieldsOf({ spec, environments }: AppDraft): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>()
  for (const [field, value] of Object.entries(spec)) {
    if (field !== 'env' && field !== 'logs') fields.set(field, value)
    else for (const [key, each] of Object.entries(value)) fields.set(`${field}.${key}`, each)
  }
  for (const [environment, env] of environments) {
    for (const [key, value] of Object.entries(env))
      fields.set(`environments.${environment}.env.${key}`, value)
  }
  return fields
}

function differences(all: readonly ReadonlyMap<string, unknown>[]): readonly string[] {
  const paths = new Set(all.flatMap((fields) => [...fields.keys()]))
  const [first] = all
  return [...paths]
    .filter((path) => all.some((fields) => !isDeepStrictEqual(fields.get(path), first?.get(path))))
    .sort()
}
