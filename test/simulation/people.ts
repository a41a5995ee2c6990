import type { Controls, Resource } from '../../src/core/resource.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { openSuspensions, type Suspensions } from '../../src/state/suspensions.ts'
import type { ModelSpec } from '../support/modelled-domain.ts'
import type { Thing } from '../support/modelled-world.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import { Asking } from './asking.ts'
import { findUnsettled } from './convergence.ts'
import { isDispatch, isModel, newFields, newModel, outsideName, workflowOf } from './manifests.ts'
import { peekInventory } from './peek.ts'
import type { Setting, Theme } from './setting.ts'
import { slack } from './slack.ts'

/** What ends within this, in ms, is left to end by itself. */
export const soon = 40_000

/** Whoever else is at work: people at the manifests and at the machine, and rivals. */
export class People {
  readonly #setting: Setting
  readonly #random: SeededRandom
  readonly #suspensions: Suspensions
  readonly asking: Asking
  #count = 0

  constructor(setting: Setting) {
    this.#setting = setting
    this.#random = setting.random.fork()
    this.#suspensions = openSuspensions({ store: openMemoryStore(setting.disk), environment: undefined })
    this.asking = new Asking(setting)
  }

  /** Nobody waits for the answer before he goes on. */
  #ask(): void {
    void this.asking.ask()
  }

  /** One act, chosen by chance. */
  async act(): Promise<void> {
    const more: Readonly<Record<Theme, readonly (() => unknown)[]>> = {
      anything: [],
      deletions: [
        () => this.#remove(),
        () => this.#remove(),
        () => this.#removeMany(),
        () => this.#removeMany(),
        () => this.#add(),
        () => this.#add(),
        () => this.#ask(),
      ],
      dispatches: [
        ...Array.from({ length: 14 }, () => () => this.#dispatch()),
        ...Array.from({ length: 6 }, () => () => void this.#dispatchAndMove()),
      ],
      failures: [
        () => this.#fail(),
        () => this.#fail(),
        () => this.#fail(),
        () => this.#stop(),
        () => this.#stop(),
        () => this.#delete(),
        () => this.#resume(),
      ],
      rivals: Array.from({ length: 10 }, () => () => this.#fightOn()),
    }
    const acts = [
      ...more[this.#setting.theme],
      () => this.#edit(),
      () => this.#edit(),
      () => this.#remove(),
      () => this.#add(),
      () => this.#add(),
      () => this.#move(),
      () => this.#removeMany(),
      () => this.#toggle(),
      () => this.#suspend(),
      () => this.#resume(),
      () => this.#takeDown(),
      () => this.#dispatch(),
      () => this.#delete(),
      () => this.#delete(),
      () => this.#drift(),
      () => this.#drift(),
      () => this.#stop(),
      () => this.#fail(),
      () => this.#fail(),
      () => this.#makeForeign(),
      () => this.#replace(),
      () => this.#markAsRival(),
      () => this.#rename(),
      () => this.#ask(),
      () => this.#ask(),
    ]
    const act = this.#random.pick(acts)
    this.#count += 1
    await act?.()
  }

  /** Resumes something that fails, where anything does: what is said right before the clock is set back is special. */
  async resumeFailing(): Promise<void> {
    const failing = this.#models.filter((one) => this.#setting.outside.cursed.has(outsideName(one)))
    const id = this.#random.pick(failing)?.id
    if (id === undefined || this.#setting.rules.suspended.has(id)) return
    this.#setting.note(`people: resume ${id}`)
    this.#setting.rules.disturb(id)
    await this.#sayResume(id)
  }

  /** What runs now is what the vendor brings back from now on. */
  save(): void {
    if (!this.#random.isLucky(0.5)) return
    this.#setting.note('people: save')
    this.#setting.outside.save()
  }

  /** The vendor brings back what was saved: what is gone, or everything as it was, or one thing as it was. */
  bringBack(): void {
    const { weather, outside, rules, time, note } = this.#setting
    const back = weather.strikes('reboot')
      ? outside.reboot()
      : weather.strikes('resurrection')
        ? outside.resurrect()
        : []
    const name = this.#random.pick(outside.savedNames)
    const rolledBack = name !== undefined && weather.strikes('rollback') ? outside.rollBack(name) : undefined
    const all = rolledBack ? [...back, rolledBack] : back
    const known = new Set(peekInventory(this.#setting.disk).map(({ externalName }) => externalName))
    for (const { name: own, program } of all) {
      // What our inventory knows under that name is ours to mend, whoever made it once.
      if (known.has(own) && program.startsWith('foreign')) rules.replaced.add(outside.thing(own)?.uid ?? 0)
    }
    for (const one of all) if (one.mark?.fleet === 'rival') rules.rivalSince.set(one.name, time.now)
    if (all.length > 0) note(`brings back ${all.map((one) => `${one.name} ${one.program}`).join(' ')}`)
  }

  /** Undoes the same field again and again. */
  async fight(until: number): Promise<void> {
    const { time, outside } = this.#setting
    const name = this.#ownThing()?.name
    if (name === undefined) return
    this.#setting.note(`rival fights for ${name}`)
    while (time.now < until && !this.#setting.weather.isCalm) {
      const thing = outside.thing(name)
      if (thing?.mark?.fleet === 'acme') outside.change(name, { fields: { ...thing.fields, PORT: 'his' } })
      await time.sleep(this.#random.between(200, 1_000))
    }
  }

  /** Takes away something of ours, and no event tells of it. Gives its name, where there is anything. */
  takeAwayUnheard(): string | undefined {
    const { outside } = this.#setting
    const unsettled = findUnsettled(this.#setting)
    const running = this.#models.filter((one) => {
      const thing = outside.thing(outsideName(one))
      return !unsettled.has(one.id) && thing?.state === 'running' && thing.mark?.fleet === 'acme'
    })
    const one = this.#random.pick(running.filter(({ controls }) => controls.windows.length === 0))
    if (!one) return undefined
    this.#setting.note(`people: delete ${outsideName(one)} unheard`)
    outside.remove(outsideName(one), { isHeard: false })
    return outsideName(one)
  }

  /** Nobody waits for the end of a fight. */
  #fightOn(): void {
    const { time } = this.#setting
    void this.fight(time.now + this.#random.between(8_000, 20_000))
  }

  /** Everything that people hold up is let go, but for what ends by itself soon; and what is cursed is mended. */
  async mend(): Promise<void> {
    const { outside, rules, time, manifests, wall } = this.#setting
    outside.cursed.clear()
    const known = [...new Set(manifests.edition.resources.map(({ id }) => id))]
    const isSoonOver = (id: string) => {
      const until = rules.suspended.get(id)?.until ?? 0
      // What has used up its attempts needs a person's word in any case.
      const isSound = (rules.shadow.states.get(id)?.recovery.attempts ?? 0) === 0
      return isSound && until > wall() && until < wall() + soon
    }
    if (rules.downSince !== undefined) {
      for (const id of known) rules.resumedAt.set(id, wall())
      await this.#suspensions.resumeAll(known, wall())
      rules.suspended.clear()
      rules.lastUp = time.now
    } else {
      const held = [...rules.suspended.keys()] as Resource['id'][]
      for (const id of new Set([...known, ...held])) {
        if (isSoonOver(id)) continue
        await this.#sayResume(id)
        rules.suspended.delete(id)
        rules.disturb(id)
      }
    }
    for (const id of known) rules.disturb(id)
    rules.downSince = undefined
    this.#setting.note('people mend')
    // An edit whose event was lost is heard of now.
    manifests.tell()
  }

  #wall(): number {
    return this.#setting.wall()
  }

  /** The end of a suspension: none, or soon. */
  #someEnd(): number | undefined {
    return this.#random.isLucky(0.5) ? this.#wall() + this.#random.between(2, 25) * 1_000 : undefined
  }

  get #models(): readonly Resource<ModelSpec>[] {
    return this.#setting.manifests.edition.resources.filter(isModel)
  }

  #replaceResource(changed: Resource): void {
    const { resources } = this.#setting.manifests.edition
    this.#setting.rules.disturb(changed.id)
    this.#save(
      resources.map((one) => (one.id === changed.id ? changed : one)),
      `changes ${changed.id}`,
    )
  }

  #save(resources: readonly Resource[], what: string): void {
    this.#setting.note(`people: ${what}`)
    this.#setting.manifests.save(withoutLooseEnds(resources))
  }

  #edit(): void {
    const one = this.#random.pick(this.#models)
    if (!one) return
    const program = this.#random.isLucky(0.15) ? `${one.name}-${this.#count}.mjs` : one.spec.program
    this.#replaceResource({ ...one, spec: { ...one.spec, program, fields: newFields(this.#random) } })
  }

  #toggle(): void {
    const one = this.#random.pick(this.#models)
    if (!one) return
    const { controls } = one
    const suspend: Controls['suspend'] =
      controls.suspend === undefined ? { reason: 'work', by: 'ann', until: this.#someEnd() } : undefined
    const managementPolicy = controls.managementPolicy === 'Manage' ? 'Observe' : 'Manage'
    const changed = this.#random.isLucky(0.6) ? { suspend } : { managementPolicy }
    this.#replaceResource({ ...one, controls: { ...controls, ...changed } as Controls })
  }

  #remove(): void {
    const { resources } = this.#setting.manifests.edition
    const one = this.#random.pick(resources)
    if (!one || resources.length < 2) return
    this.#setting.rules.disturb(one.id)
    const kept = resources.filter((other) => other !== one)
    this.#save(kept, `remove ${one.id}`)
    if (this.#random.isLucky(0.4)) void this.#takeBack(resources, kept)
  }

  #removeMany(): void {
    const { resources } = this.#setting.manifests.edition
    if (resources.length < 4 || !this.#random.isLucky(0.5)) return
    const kept = resources.slice(0, this.#random.between(1, 2))
    for (const { id } of resources) this.#setting.rules.disturb(id)
    this.#save(kept, `keep only ${kept.map(({ id }) => id).join(' ')}`)
    if (this.#random.isLucky(0.5)) void this.#takeBack(resources, kept)
  }

  /** Who sees what a bad merge begins to do takes it back. */
  async #takeBack(before: readonly Resource[], kept: readonly Resource[]): Promise<void> {
    const { time, manifests, rules, weather } = this.#setting
    await time.sleep(this.#random.between(300, 3_000))
    if (weather.isCalm || manifests.edition.resources.length !== kept.length) return
    for (const { id } of before) rules.disturb(id)
    this.#save(before, 'take that back')
  }

  #add(): void {
    const { resources } = this.#setting.manifests.edition
    if (resources.length >= 7) return
    const names = Array.from({ length: 8 }, (_, index) => `m${index}`)
    const taken = new Set(this.#models.flatMap((one) => [one.name, outsideName(one)]))
    const free = names.filter((name) => !taken.has(name))
    const added = free
      .slice(0, this.#random.between(1, 4))
      .map((name) => newModel(this.#random, name, [...taken]))
    for (const { id } of added) this.#setting.rules.disturb(id)
    if (added.length > 0) this.#save([...resources, ...added], `add ${added.map(({ id }) => id).join(' ')}`)
  }

  /** The same outside thing under a new id. */
  #move(): void {
    const { resources } = this.#setting.manifests.edition
    const one = this.#random.pick(this.#models)
    if (!one) return
    const name = `n${this.#count}`
    const moved = {
      ...one,
      id: `Model/${name}` as Resource['id'],
      name,
      spec: { ...one.spec, name: outsideName(one) },
    }
    this.#setting.rules.disturb(moved.id)
    const renamed = (id: Resource['id']) => (id === one.id ? moved.id : id)
    const all = resources.map((other) => {
      const { dependsOn, fallback } = other.controls
      const base = other === one ? moved : other
      const controls = {
        ...other.controls,
        dependsOn: dependsOn.map(renamed),
        fallback: fallback.map(renamed),
      }
      return { ...base, controls }
    })
    this.#save(all, `move ${one.id} to ${moved.id}`)
  }

  /** Another outside thing under the same id. */
  #rename(): void {
    const one = this.#random.pick(this.#models)
    if (!one) return
    this.#setting.note(`people: rename what ${one.id} is outside`)
    this.#replaceResource({ ...one, spec: { ...one.spec, name: `r${this.#count}` } })
  }

  async #suspend(): Promise<void> {
    const one = this.#random.pick(this.#models)
    if (!one) return
    this.#setting.note(`people: suspend ${one.id}`)
    const { rules, time } = this.#setting
    const until = this.#someEnd()
    // Another end of what is suspended already says nothing that nobody knew.
    const since = rules.isSuspended(one.id) ? (rules.suspended.get(one.id)?.since ?? time.now) : time.now
    rules.suspended.set(one.id, { since, until })
    await this.#suspensions.suspend(one.id, { reason: 'work', by: 'ann', until })
    this.#tell(one.id)
    if (this.#random.isLucky(0.4)) void this.#removeLater(one.id, () => rules.isSuspended(one.id))
  }

  /** What is suspended, or what fails, or anything. */
  async #resume(): Promise<void> {
    const suspended = [...this.#setting.rules.suspended.keys()]
    const failing = this.#models.filter((one) => this.#setting.outside.cursed.has(outsideName(one)))
    const id = this.#random.pick(suspended) ?? this.#random.pick([...failing, ...this.#models])?.id
    if (id === undefined) return
    this.#setting.note(`people: resume ${id}`)
    this.#setting.rules.suspended.delete(id)
    this.#setting.rules.disturb(id)
    await this.#sayResume(id as Resource['id'])
    this.#tell(id)
  }

  async #sayResume(id: Resource['id']): Promise<void> {
    this.#setting.rules.resumedAt.set(id, this.#wall())
    await this.#suspensions.resume(id, this.#wall())
  }

  /** What a person says by command every controller hears. */
  #tell(id: string): void {
    for (const actor of this.#setting.actors) actor.hearing.told(id)
  }

  async #takeDown(): Promise<void> {
    const { rules, time } = this.#setting
    if (rules.downSince !== undefined) {
      rules.downSince = undefined
      rules.lastUp = time.now
      rules.suspended.clear()
      for (const { id } of this.#models) rules.disturb(id)
      await this.#suspensions.resumeAll([], this.#wall())
      return
    }
    if (!this.#random.isLucky(0.3)) return
    this.#setting.note('people: down')
    rules.downSince = time.now
    await this.#suspensions.takeDown({ by: 'ann', at: this.#wall() })
    void this.#removeLater(this.#random.pick(this.#models)?.id, () => rules.downSince !== undefined)
  }

  /** Who takes a fleet down or suspends something has something in mind with its manifest. */
  async #removeLater(id: Resource['id'] | undefined, isStillSo: () => boolean): Promise<void> {
    const { manifests, rules, time, weather } = this.#setting
    await time.sleep(slack + this.#random.between(100, 2_000))
    const { resources } = manifests.edition
    if (id === undefined || resources.length < 2 || !isStillSo() || weather.isCalm) return
    rules.disturb(id)
    this.#save(
      resources.filter((other) => other.id !== id),
      `remove ${id} although it is held`,
    )
  }

  #dispatch(): void {
    const one = this.#random.pick(this.#setting.manifests.edition.resources.filter(isDispatch))
    if (one) this.#replaceResource({ ...one, spec: { ...one.spec, revision: `r${this.#count}` } })
  }

  /** The same workflow under a new id, as soon as it may have been asked for a run and the list does not show it yet. */
  async #dispatchAndMove(): Promise<void> {
    const { time, manifests, weather } = this.#setting
    this.#dispatch()
    await time.sleep(this.#random.between(20, 400))
    const { resources } = manifests.edition
    const one = this.#random.pick(resources.filter(isDispatch))
    if (!one || weather.isCalm) return
    // Others act meanwhile, and may be at the same count.
    this.#count += 1
    const name = `w${this.#count}`
    const spec = { ...one.spec, workflow: workflowOf(one) }
    const moved = { ...one, id: `Dispatch/${name}` as Resource['id'], name, spec }
    this.#setting.rules.disturb(moved.id)
    this.#save(
      resources.map((other) => (other === one ? moved : other)),
      `move ${one.id} to ${moved.id}`,
    )
  }

  #ownThing(): Thing | undefined {
    const things = [...this.#setting.outside.current.things.values()]
    return this.#random.pick(things.filter(({ mark }) => mark?.fleet === 'acme'))
  }

  #delete(): void {
    const thing = this.#random.pick([...this.#setting.outside.current.things.values()])
    if (!thing) return
    this.#setting.note(`people: delete ${thing.name}`)
    this.#setting.rules.rivalSince.delete(thing.name)
    this.#setting.outside.remove(thing.name)
  }

  #drift(): void {
    const thing = this.#ownThing()
    if (!thing) return
    this.#setting.note(`people: change ${thing.name}`)
    this.#setting.outside.change(thing.name, { fields: { ...thing.fields, PORT: `9${this.#count}` } })
  }

  #stop(): void {
    const thing = this.#ownThing()
    if (thing) this.#setting.outside.change(thing.name, { state: 'stopped' })
  }

  #fail(): void {
    const { outside } = this.#setting
    const thing = this.#ownThing()
    if (!thing) return
    this.#setting.note(`people: ${thing.name} fails`)
    if (this.#random.isLucky(0.6)) outside.cursed.add(thing.name)
    else outside.cursed.delete(thing.name)
    outside.change(thing.name, { state: 'failed' })
  }

  /** Something of their own, where nothing is: under a declared name, or any other. */
  #makeForeign(): void {
    const { outside, disk } = this.#setting
    const name = this.#random.isLucky(0.3) ? `x${this.#count}` : `m${this.#random.between(0, 7)}`
    if (outside.thing(name)) return
    // What our inventory knows under that name is ours to mend; anything else is theirs.
    const isKnown = peekInventory(disk).some(({ externalName }) => externalName === name)
    const program = `${isKnown ? 'replaced' : 'foreign'}-${this.#count}`
    this.#setting.note(`people: make ${name} ${program}`)
    outside.create({ name, program, fields: { PORT: '7' }, mark: undefined, madeBy: 'people' })
  }

  /** What we made is taken away and replaced by something of theirs. */
  #replace(): void {
    const { outside } = this.#setting
    const thing = this.#ownThing()
    if (!thing) return
    this.#setting.note(`people: replace ${thing.name}`)
    outside.remove(thing.name)
    const program = `replaced-${this.#count}`
    outside.create({ name: thing.name, program, fields: {}, mark: undefined, madeBy: 'people' })
  }

  #markAsRival(): void {
    const { outside, rules, time } = this.#setting
    const thing = this.#ownThing()
    if (!thing?.mark || !this.#random.isLucky(0.4)) return
    this.#setting.note(`rival: takes ${thing.name}`)
    rules.rivalSince.set(thing.name, time.now)
    outside.change(thing.name, { mark: { ...thing.mark, fleet: 'rival' } })
  }
}

/** Validation refuses references to what does not exist. */
function withoutLooseEnds(resources: readonly Resource[]): readonly Resource[] {
  const ids = new Set(resources.map(({ id }) => id))
  return resources.map((one) => ({
    ...one,
    controls: {
      ...one.controls,
      dependsOn: one.controls.dependsOn.filter((id) => ids.has(id)),
      fallback: one.controls.fallback.filter((id) => ids.has(id)),
    },
  }))
}
