import type { Declaration } from '../../src/core/declaration.ts'
import type { Controls, Resource, ResourceId } from '../../src/core/resource.ts'
import type { DispatchSpec } from '../support/modelled-dispatch.ts'
import type { ModelSpec } from '../support/modelled-domain.ts'
import { declare, defaultFleet, model, modelId, resourceOf } from '../support/modelled-fleet.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { Weather } from './weather.ts'
import { schedules } from './windows.ts'

/** Quick ones, so that a run of less than a virtual minute sees all of them. */
export const recovery: Controls['recovery'] = Object.freeze({
  maxAttempts: 3,
  backoff: Object.freeze({ initial: 1_000, max: 8_000, factor: 2 }),
  stableFor: 5_000,
})

/** At most so many deletions; from three on a share of 60 %. */
export const deletions = Object.freeze({ max: 3, percent: 60 })

/** One version of the manifests folder, and when it was saved. */
export interface Edition {
  readonly version: number
  readonly resources: readonly Resource[]
  readonly since: number
}

/** A declaration as one actor read it. */
export interface ReadEdition {
  readonly edition: Edition
  readonly declaration: Declaration
  readonly at: number
}

/** The manifests folder: people edit it, actors read it, sometimes in the middle of an edit. */
export class Manifests {
  #edition: Edition
  readonly #now: () => number
  readonly #random: SeededRandom
  readonly #weather: Weather
  readonly #listeners = new Set<() => void>()
  /** How many times longer everything may go unread than else: then only who hears what he is told is quick. */
  readonly calmness: number
  /** How many actions on things happen at once: where it is one, decisions wait long for their turn. */
  readonly slots: number
  /** Programs that were ever declared for an outside name. */
  readonly programs = new Map<string, Set<string>>()
  /** Outside names by id with the time from which on it had each, of everything that was ever declared. */
  readonly #names = new Map<string, readonly { readonly name: string; readonly from: number }[]>()
  /** Outside names that were ever to be left when their manifest goes. */
  readonly keepable = new Set<string>()
  /** Outside names that we were ever told to adopt. */
  readonly adoptable = new Set<string>()

  constructor(now: () => number, random: SeededRandom, weather: Weather) {
    this.#now = now
    this.#random = random
    this.#weather = weather
    this.calmness = random.isLucky(0.4) ? 6 : 1
    this.slots = random.isLucky(0.3) ? 1 : 3
    this.#edition = { version: 0, resources: [], since: 0 }
    this.save(firstResources(random))
  }

  get edition(): Edition {
    return this.#edition
  }

  save(saved: readonly Resource[]): void {
    const resources = saved.map((one) => ({
      ...one,
      controls: { ...one.controls, interval: intervalOf(one.name) * this.calmness },
    }))
    this.#edition = { version: this.#edition.version + 1, resources, since: this.#now() }
    for (const resource of resources) {
      if (!isModel(resource)) continue
      const name = outsideName(resource)
      const before = this.#names.get(resource.id) ?? []
      if (before.at(-1)?.name !== name) {
        this.#names.set(resource.id, [...before, { name, from: this.#edition.since }])
      }
      this.programs.set(name, (this.programs.get(name) ?? new Set()).add(resource.spec.program))
      const { deletionPolicy, managementPolicy } = resource.controls
      // What it was called before goes by what it says now.
      if (deletionPolicy === 'Orphan' || managementPolicy === 'Observe')
        for (const one of [name, ...before.map((former) => former.name)]) this.keepable.add(one)
      if (resource.controls.adopt) this.adoptable.add(name)
    }
    this.tell()
  }

  /** The outside names that a resource had since a time: who read before an edit acts by what it said before. */
  namesSince(id: string, since: number): readonly string[] {
    const all = this.#names.get(id) ?? []
    return all.filter((_, index) => (all[index + 1]?.from ?? since) >= since).map(({ name }) => name)
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells everybody who listens that something was saved. */
  tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  read(): ReadEdition {
    const edition = this.#edition
    const fleet = { ...defaultFleet, deletions, concurrency: { Model: this.slots } }
    const at = this.#now()
    if (this.#weather.strikes('manifests-emptied')) {
      return { edition, declaration: declare([], { fleet }), at }
    }
    if (this.#weather.strikes('manifests-half-read')) {
      const half = edition.resources.filter(() => this.#random.isLucky(0.5))
      const missing = edition.resources.filter((resource) => !half.includes(resource)).map(({ id }) => id)
      const declaration = declare(half, { fleet, missing, isComplete: false })
      return { edition, declaration, at }
    }
    return { edition, declaration: declare(edition.resources, { fleet }), at }
  }
}

export function isModel(resource: Resource): resource is Resource<ModelSpec> {
  return resource.kind === 'Model'
}

export function isDispatch(resource: Resource): resource is Resource<DispatchSpec> {
  return resource.kind === 'Dispatch'
}

export function workflowOf(resource: Resource<DispatchSpec>): string {
  return resource.spec.workflow ?? resource.name
}

export function outsideName(resource: Resource<ModelSpec>): string {
  return resource.spec.name ?? resource.name
}

function firstResources(random: SeededRandom): readonly Resource[] {
  const count = random.between(2, 6)
  const names = Array.from({ length: count }, (_, index) => `m${index}`)
  const models = names.map((name, index) => newModel(random, name, names.slice(0, index)))
  const withFallback = random.isLucky(0.5) ? giveFallback(models, random.between(1, 2)) : models
  const dispatches = Array.from({ length: random.between(0, 2) }, (_, index) =>
    resourceOf('Dispatch', `d${index}`, { revision: 'r1' }, { recovery }),
  )
  return [...withFallback, ...dispatches]
}

export function newModel(random: SeededRandom, name: string, before: readonly string[]): Resource<ModelSpec> {
  const dependsOn: ResourceId[] = []
  const on = random.pick(before)
  if (on !== undefined && random.isLucky(0.35)) dependsOn.push(modelId(on))
  const controls: Partial<Controls> = {
    recovery,
    fallbackAfter: 2,
    dependsOn,
    adopt: random.isLucky(0.1),
    managementPolicy: random.isLucky(0.06) ? 'Observe' : 'Manage',
    deletionPolicy: random.isLucky(0.15) ? random.pick(['Delete', 'Orphan'] as const) : undefined,
    windows: random.isLucky(0.12) ? (random.pick(schedules) ?? []) : [],
  }
  return model(name, { program: `${name}.mjs`, fields: newFields(random) }, controls)
}

export function newFields(random: SeededRandom): Readonly<Record<string, string>> {
  const keys = ['PORT', 'LEVEL'].filter(() => random.isLucky(0.6))
  return Object.fromEntries(keys.map((key) => [key, String(random.between(1, 3))]))
}

/** From 5 to 12 s, by its name. */
function intervalOf(name: string): number {
  return 5_000 + ((name.charCodeAt(name.length - 1) * 7) % 8) * 1_000
}

/** The last one or two become the fallbacks of the first, where neither leans on the other. */
function giveFallback(models: readonly Resource<ModelSpec>[], count: number): readonly Resource<ModelSpec>[] {
  const first = models[0]
  const fallback = models
    .slice(1)
    .slice(-count)
    .map(({ id }) => id)
  return models.map((one) => {
    if (one === first) return { ...one, controls: { ...one.controls, fallback } }
    // Nobody waits for a standby, and it waits for nobody.
    const dependsOn = fallback.includes(one.id)
      ? []
      : one.controls.dependsOn.filter((id) => !fallback.includes(id))
    return { ...one, controls: { ...one.controls, dependsOn } }
  })
}
