import { createHash } from 'node:crypto'
import { type Alert, type AlertGroup, severities, type Trouble } from '../core/alert.ts'
import { type FleetView, keyOf, partsOf } from './troubles.ts'

/** Troubles of one alert that are told together. */
export interface Gathering {
  readonly id: string
  readonly name: string
  readonly troubles: readonly Trouble[]
}

/** Whether an alert tells of a trouble. The labels of a resource are not known while its manifest is broken. */
export function selects(
  alert: Alert,
  trouble: Trouble,
  { labels, isTold = false }: { readonly labels: FleetView['labels']; readonly isTold?: boolean },
): boolean {
  const { type, id, severity } = trouble
  if (!alert.on.includes(type)) return false
  if (severities.indexOf(severity) < severities.indexOf(alert.severity)) return false
  // What concerns the whole fleet has no kind and no label.
  if (id === undefined) return alert.kinds === undefined && alert.labels === undefined
  if (alert.kinds && !alert.kinds.includes(partsOf(trouble).kind)) return false
  const own = labels.get(id)
  if (!own && isTold) return true
  return Object.entries(alert.labels ?? {}).every(([key, value]) => own?.[key] === value)
}

/**
 * The troubles that an alert tells of, by group, each in one order; of several with one key the first counts. What was
 * told stays in its group until it ends, whatever it would be alike in by now: its messages belong together.
 */
export function gather(
  alert: Alert,
  troubles: readonly Trouble[],
  { labels, known = [] }: { readonly labels: FleetView['labels']; readonly known?: readonly AlertGroup[] },
): ReadonlyMap<string, Gathering> {
  const groups = new Map<string, { name: string; troubles: Trouble[] }>()
  const homes = new Map(known.flatMap((group) => group.told.map((trouble) => [keyOf(trouble), group])))
  for (const trouble of firstOfEach(troubles)) {
    const home = homes.get(keyOf(trouble))
    if (!selects(alert, trouble, { labels, isTold: home !== undefined })) continue
    const { id, name } = home ?? groupFor(alert, trouble, labels)
    const group = groups.get(id) ?? { name, troubles: [] }
    group.troubles.push(trouble)
    groups.set(id, group)
  }
  return new Map([...groups].map(([id, group]) => [id, { id, ...group, troubles: inOrder(group.troubles) }]))
}

function groupFor(
  alert: Alert,
  trouble: Trouble,
  labels: FleetView['labels'],
): Pick<Gathering, 'id' | 'name'> {
  const name = alert.groupBy.map((word) => `${word}=${partFor(word, trouble, labels)}`).join(', ')
  const id = name === '' ? 'all' : createHash('sha256').update(name).digest('hex').slice(0, 16)
  return { id, name }
}

function firstOfEach(troubles: readonly Trouble[]): Iterable<Trouble> {
  const byKey = new Map<string, Trouble>()
  for (const trouble of troubles) if (!byKey.has(keyOf(trouble))) byKey.set(keyOf(trouble), trouble)
  return byKey.values()
}

/** Worst first, then by key. */
function inOrder(troubles: readonly Trouble[]): readonly Trouble[] {
  return [...troubles].sort(
    (a, b) =>
      severities.indexOf(b.severity) - severities.indexOf(a.severity) || (keyOf(a) < keyOf(b) ? -1 : 1),
  )
}

function partFor(word: string, trouble: Trouble, labels: FleetView['labels']): string {
  const { kind, name } = partsOf(trouble)
  switch (word) {
    case 'kind':
      return kind
    case 'resource':
      return name === '' ? kind : `${kind}/${name}`
    case 'trouble':
      return trouble.type
    case 'severity':
      return trouble.severity
    default:
      return (trouble.id && labels.get(trouble.id)?.[word.slice('label:'.length)]) ?? ''
  }
}
