import type { Action, Change } from '../../src/core/action.ts'
import type { Mark, OwnedField } from '../../src/core/ownership.ts'
import type {
  Assessment,
  Claim,
  Connection,
  Pair,
  Reading,
  Reconciler,
  Wanted,
} from '../../src/core/reconciler.ts'
import type { Resource, ResourceId } from '../../src/core/resource.ts'
import type { Resolved } from '../../src/core/secret.ts'
import type { ModelContext } from './model-context.ts'
import { observeModel, takeEffect, watchModel } from './modelled-connection.ts'
import type { ModelledWorld, Thing } from './modelled-world.ts'

export interface ModelSpec {
  /** The outside name, where it differs. */
  readonly name?: string
  readonly program: string
  readonly fields?: Readonly<Record<string, string>>
}

export interface ModelAction extends Action {
  readonly type: 'create' | 'update' | 'start' | 'stop' | 'revive' | 'delete'
  readonly id: ResourceId
  readonly name: string
  readonly mark: Mark
  readonly program: string
  readonly fields: Readonly<Record<string, string>>
  /** Fields that go back to nothing. */
  readonly dropped: readonly string[]
}

type Desired = Resource<Resolved<ModelSpec>>
type ModelPair = Pair<ModelSpec, Thing>

/** Kind `Model`: things that we name, kept as Process keeps processes. */
export function modelReconciler(context: ModelContext): Reconciler<ModelSpec, Thing, ModelAction> {
  return {
    kind: 'Model',
    identity: 'named',
    defaultInterval: 10_000,
    defaultConcurrency: 3,
    deletionDefault: { created: 'Delete', adopted: 'Orphan' },
    canBeFallback: true,
    leavesMark: true,
    externalName: (desired) => desired.spec.name ?? desired.name,
    validate: async () => undefined,
    fields: modelFields,
    claim: (desired, observed) => claimThing(desired, observed, context.world.livingStores),
    diff: diffModel,
    assess: assessModel,
    connect: async () => connectModel(context),
  }
}

function modelFields(desired: Desired): Readonly<Record<string, OwnedField>> {
  const fields = Object.entries(desired.spec.fields ?? {}).map(([key, value]) => [`fields.${key}`, value])
  const all = [['program', desired.spec.program], ...fields]
  return Object.fromEntries(all.map(([path, value]) => [path, { value, sensitive: false }]))
}

function claimThing(desired: Desired | undefined, observed: Thing, livingStores: ReadonlySet<string>): Claim {
  const matches = desired !== undefined && desired.spec.program === observed.program
  return {
    mark: observed.mark,
    isMarkAlive: observed.mark !== undefined && livingStores.has(observed.mark.store),
    matches,
    differs: matches ? [] : ['program'],
  }
}

function diffModel(pair: ModelPair): readonly ModelAction[] {
  const { desired, observed, posture } = pair
  if (!desired) return observed ? [actOn(pair, { type: 'delete', verb: 'delete', removes: 1 })] : []
  if (posture === 'standby') {
    return observed && observed.state !== 'stopped' ? [actOn(pair, { type: 'stop', verb: 'update' })] : []
  }
  if (!observed) return [actOn(pair, { type: 'create', verb: 'create' })]
  const changes = changesOf(pair, desired, observed)
  if (changes.length > 0) return [actOn(pair, { type: 'update', verb: 'update', changes })]
  return observed.state === 'stopped' ? [actOn(pair, { type: 'start', verb: 'update' })] : []
}

function changesOf(pair: ModelPair, desired: Desired, observed: Thing): readonly Change[] {
  const wanted = Object.entries(desired.spec.fields ?? {})
  const changes: Change[] = wanted
    .filter(([key, value]) => observed.fields[key] !== value)
    .map(([key, value]) => ({
      path: `fields.${key}`,
      before: observed.fields[key],
      after: value,
      sensitive: false,
    }))
  if (observed.program !== desired.spec.program) {
    changes.push({
      path: 'program',
      before: observed.program,
      after: desired.spec.program,
      sensitive: false,
    })
  }
  for (const key of droppedFields(pair)) {
    if (observed.fields[key] !== undefined) {
      changes.push({ path: `fields.${key}`, before: observed.fields[key], sensitive: false })
    }
  }
  return changes
}

/** Fields that we set earlier, by our own memory or by what the thing itself says, and that are no longer declared. */
function droppedFields({ desired, owned, observed, mark }: ModelPair): readonly string[] {
  const owns = Object.keys(owned?.fields ?? {})
    .filter((path) => path.startsWith('fields.'))
    .map((path) => path.slice('fields.'.length))
  const bears = observed?.mark?.fleet === mark.fleet ? observed.setByMark : []
  return [...new Set([...owns, ...bears])].filter((key) => desired?.spec.fields?.[key] === undefined)
}

function actOn(
  pair: ModelPair,
  step: Pick<ModelAction, 'type' | 'verb'> & Partial<ModelAction>,
): ModelAction {
  const { desired, observed, owned } = pair
  const name = observed?.name ?? desired?.spec.name ?? desired?.name ?? owned?.externalName ?? ''
  return {
    id: pair.id,
    summary: `${step.type} ${name}`,
    reason: observed ? 'drifted' : 'not running',
    changes: [],
    repeatable: true,
    removes: 0,
    isRecovery: false,
    name,
    mark: pair.mark,
    program: desired?.spec.program ?? '',
    fields: desired?.spec.fields ?? {},
    dropped: droppedFields(pair),
    ...step,
  }
}

function assessModel(pair: ModelPair): Assessment<ModelAction> {
  const { observed, posture } = pair
  const judged = {
    remedy: undefined,
    recheckAfter: undefined,
    measurements: observed ? { restarts: observed.restarts } : {},
    children: [],
    remember: undefined,
  }
  if (posture === 'standby' && (!observed || observed.state === 'stopped')) {
    return { ...judged, status: 'Healthy', reason: 'Stopped', message: 'not running' }
  }
  if (!observed) return { ...judged, status: 'Missing', reason: 'NotFound', message: 'not there' }
  switch (observed.state) {
    case 'running':
      return { ...judged, status: 'Healthy', reason: 'Running', message: 'runs' }
    case 'starting':
      return { ...judged, status: 'Progressing', reason: 'Starting', message: 'starts', recheckAfter: 100 }
    case 'stopped':
      return { ...judged, status: 'Missing', reason: 'Stopped', message: 'is stopped' }
    case 'failed':
      return {
        ...judged,
        status: 'Degraded',
        reason: 'Failed',
        message: 'has failed',
        remedy: actOn(pair, { type: 'revive', verb: 'run', isRecovery: true }),
      }
  }
}

function connectModel(context: ModelContext): Connection<ModelSpec, Thing, ModelAction> {
  const { world } = context
  const names = new Map<string, Set<ResourceId>>()
  return {
    observe(wanted, signal) {
      for (const one of wanted) {
        const name = nameOfWanted(one)
        names.set(name, (names.get(name) ?? new Set()).add(one.id))
      }
      return observeModel(
        context,
        { kind: 'Model', wanted, signal, isOneFresh: true },
        (snapshot, one): Reading<Thing> => {
          const value = snapshot.things.get(nameOfWanted(one))
          return value ? { type: 'present', value } : { type: 'absent' }
        },
      )
    },
    apply: (action, signal) =>
      takeEffect(context, action, signal, () => {
        // As PM2 does it: what is there already is meant by its number, and what is to be made by its name.
        const uid = world.thing(action.name)?.uid
        const isMeant = () => action.type === 'create' || world.thing(action.name)?.uid === uid
        return () => (isMeant() ? change(world, action) : `${action.name} is another one now`)
      }),
    watch: (wake) =>
      watchModel(context, (name) => {
        for (const id of names.get(name) ?? []) wake(id)
      }),
    close: async () => undefined,
  }
}

function nameOfWanted(wanted: Wanted<ModelSpec>): string {
  return wanted.desired?.spec.name ?? wanted.desired?.name ?? wanted.owned?.externalName ?? ''
}

/** The effect itself. Returns why the vendor refuses it, and undefined where it happened. */
function change(world: ModelledWorld, action: ModelAction): string | undefined {
  const { name, program, mark } = action
  const thing = world.thing(name)
  if (action.type === 'create') {
    if (thing) return `${name} exists already`
    const setByMark = Object.keys(action.fields)
    world.create({ name, program, fields: action.fields, mark, setByMark, madeBy: 'us' })
    return undefined
  }
  if (action.type === 'delete') {
    world.remove(name)
    return undefined
  }
  if (!thing) return `${name} does not exist`
  if (action.type === 'stop') {
    world.change(name, { state: 'stopped' })
    return undefined
  }
  // As the Process domain does it: looked at anew before anything is done, so that a second time changes nothing.
  if (isDone(thing, action)) return undefined
  if (action.type === 'update') {
    const kept = Object.entries(thing.fields).filter(([key]) => !action.dropped.includes(key))
    const fields = { ...Object.fromEntries(kept), ...action.fields }
    world.change(name, { program, mark, fields, setByMark: Object.keys(action.fields) })
  }
  world.restart(name)
  return undefined
}

function isDone(thing: Thing, { type, mark, program, fields, dropped }: ModelAction): boolean {
  if (type === 'start') return thing.state !== 'stopped'
  if (type === 'revive') return thing.state !== 'failed'
  if (type !== 'update' || thing.state === 'stopped' || thing.mark?.hash !== mark.hash) return false
  const isAsDeclared = Object.entries(fields).every(([key, value]) => thing.fields[key] === value)
  return isAsDeclared && thing.program === program && dropped.every((key) => thing.fields[key] === undefined)
}
