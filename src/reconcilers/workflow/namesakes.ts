import { ReconcileError } from '../../core/errors.ts'
import type { Reading, Wanted } from '../../core/reconciler.ts'
import type { Resource, ResourceId } from '../../core/resource.ts'
import { unreadable } from '../../core/unreadable.ts'
import type { ObservedWorkflow } from './observed.ts'
import type { DesiredWorkflow } from './place.ts'
import type { WorkflowSpec } from './spec.generated.ts'

type Readings = ReadonlyMap<ResourceId, Reading<ObservedWorkflow>>

interface Named {
  /** `owner/name/path` as GitHub knows the repository now, in lower case but for the path. */
  readonly place: string
  /** What GitHub calls the repository, where the manifest calls it by an older name. */
  readonly movedTo: string | undefined
}

/**
 * What each resource stands for by the name that GitHub calls its repository now. An old name leads to the new one, so that two
 * manifests may stand for one workflow although what they say differs, and would be two owners of it.
 */
export class Namesakes {
  readonly #known = new Map<ResourceId, Named>()
  readonly #declared: () => readonly Resource[]

  /** `declared`: all that is declared, because a pass over a part asks for that part alone. */
  constructor(declared: () => readonly Resource[] = () => []) {
    this.#declared = declared
  }

  /** The readings as they are, but for those whose workflow another resource has: nothing is concluded for them. */
  judge(wanted: readonly Wanted<WorkflowSpec>[], readings: Readings): Readings {
    for (const { id, desired } of wanted) {
      const reading = readings.get(id)
      const value = reading && 'value' in reading ? reading.value : undefined
      if (desired && value) this.#known.set(id, namedOf(desired, value))
      if (!desired) this.#known.delete(id)
    }
    const faults = wanted.flatMap(({ desired }) => {
      const fault = desired && this.#faultOf(desired)
      return fault ? [[desired.id, unreadable(fault)] as const] : []
    })
    return faults.length === 0 ? readings : new Map([...readings, ...faults])
  }

  /** Of all others nothing is known any more. */
  retain(ids: ReadonlySet<ResourceId>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id)
  }

  /** Why a resource is left alone: another one has the workflow, by its present name if one does. */
  #faultOf({ id, spec }: DesiredWorkflow): ReconcileError | undefined {
    const own = this.#known.get(id)
    if (own?.movedTo === undefined) return undefined
    const rivals = [...this.#known].filter(([other, { place }]) => other !== id && place === own.place)
    const owner =
      rivals.find(([other, { movedTo }]) => movedTo === undefined || other < id)?.[0] ??
      this.#declared().find((other) => other.id !== id && placeAsDeclared(other) === own.place)?.id
    if (owner === undefined) return undefined
    return new ReconcileError(
      'DeclaredTwice',
      `Left it to ${owner}, which stands for the same workflow: GitHub calls the repository ${spec.repository} ${own.movedTo} now; remove one of the two manifests`,
    )
  }
}

/** The place that a manifest names; undefined: it is of another kind. */
function placeAsDeclared({ kind, spec }: Resource): string | undefined {
  if (kind !== 'Workflow') return undefined
  const { repository, path } = spec as WorkflowSpec
  return placeIn(repository, path)
}

function placeIn(repository: string, path: string): string {
  return `${repository.toLowerCase()}/${path}`
}

function namedOf({ spec }: DesiredWorkflow, { movedTo }: Pick<ObservedWorkflow, 'movedTo'>): Named {
  return { place: placeIn(movedTo ?? spec.repository, spec.path), movedTo }
}
