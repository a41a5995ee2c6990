import type { Mark } from '../../src/core/ownership.ts'

/** Something that runs, as its vendor shows it. */
export interface Thing {
  /** Grows with every creation: the same name made anew is another thing. */
  readonly uid: number
  readonly name: string
  /** What it is essentially: another program is something else of the same name. */
  readonly program: string
  readonly fields: Readonly<Record<string, string>>
  readonly state: 'starting' | 'running' | 'failed' | 'stopped'
  readonly mark: Mark | undefined
  /** The fields that its mark says we set. */
  readonly setByMark: readonly string[]
  readonly restarts: number
  /** Virtual milliseconds at which a starting one has started. */
  readonly readyAt: number
  readonly madeBy: 'us' | 'people'
  readonly madeAt: number
  /** Virtual milliseconds at which its vendor brought it back by itself; undefined: he never did. */
  readonly broughtBackAt?: number
}

/** A run that the vendor named. */
export interface Run {
  readonly number: number
  readonly workflow: string
  readonly revision: string
  /** Virtual milliseconds. */
  readonly at: number
}

/** The world at one moment. */
export interface Snapshot {
  readonly things: ReadonlyMap<string, Thing>
  readonly runs: readonly Run[]
  /** Virtual milliseconds from which on it was so. */
  readonly since: number
}

const startUpTime = 200
const keptSnapshots = 8

/**
 * What stands in for PM2 and GitHub: things with fields that we, people and rivals change. It keeps its last
 * versions, because a vendor's list may be old.
 */
export class ModelledWorld {
  #snapshots: Snapshot[] = [{ things: new Map(), runs: [], since: 0 }]
  #saved: ReadonlyMap<string, Thing> = new Map()
  #uid = 0
  readonly #now: () => number
  readonly #listeners = new Set<(name: string) => void>()
  /** Names whose things fail when they start. */
  readonly cursed = new Set<string>()
  /** Stores that still exist, by id: a mark of one of them is a living rival's. */
  readonly livingStores = new Set<string>()
  /** Virtual time at which a thing of that name last ran, by name. */
  readonly lastRunning = new Map<string, number>()
  /** Virtual time since when a thing of that name runs without a break, by name. */
  readonly runningSince = new Map<string, number>()

  /** Virtual time at which a thing of that name was last made, changed or taken away, by name. */
  readonly changedAt = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  get current(): Snapshot {
    this.tick()
    return this.#newest
  }

  /** The world so many versions ago, but never older than `maxAge` virtual milliseconds. */
  past(versions: number, maxAge: number): Snapshot {
    this.tick()
    for (let back = Math.min(versions, this.#snapshots.length - 1); back > 0; back -= 1) {
      const index = this.#snapshots.length - 1 - back
      // A version was true until the next one began.
      const until = this.#snapshots[index + 1]?.since ?? 0
      const snapshot = this.#snapshots[index]
      if (snapshot && this.#now() - until <= maxAge) return snapshot
    }
    return this.#newest
  }

  thing(name: string): Thing | undefined {
    return this.current.things.get(name)
  }

  create(
    thing: Pick<Thing, 'name' | 'program' | 'fields' | 'mark' | 'madeBy'> & Partial<Pick<Thing, 'setByMark'>>,
  ): Thing {
    this.#uid += 1
    const now = this.#now()
    const made: Thing = {
      setByMark: [],
      ...thing,
      uid: this.#uid,
      state: 'starting',
      restarts: 0,
      readyAt: now + startUpTime,
      madeAt: now,
    }
    this.#put(made)
    return made
  }

  /** Things that people made and that run, all in one version. */
  fill(things: readonly Pick<Thing, 'name' | 'program' | 'fields'>[]): void {
    const now = this.#now()
    const all = new Map(this.current.things)
    for (const thing of things) {
      this.#uid += 1
      const { name } = thing
      const made = {
        mark: undefined,
        setByMark: [],
        restarts: 0,
        readyAt: now,
        madeBy: 'people',
        madeAt: now,
      } as const
      all.set(name, { ...thing, ...made, uid: this.#uid, state: 'running' })
      this.lastRunning.set(name, now)
      this.runningSince.set(name, now)
    }
    this.#publish({ ...this.#newest, things: all }, '')
  }

  change(name: string, change: Partial<Omit<Thing, 'uid' | 'name'>>): void {
    const thing = this.thing(name)
    if (thing) this.#put({ ...thing, ...change })
  }

  /** Begins to start it, as new. */
  restart(name: string): void {
    const thing = this.thing(name)
    if (!thing) return
    const readyAt = this.#now() + startUpTime
    this.#put({ ...thing, state: 'starting', restarts: thing.restarts + 1, readyAt })
  }

  remove(name: string, { isHeard = true }: { readonly isHeard?: boolean } = {}): void {
    const things = new Map(this.current.things)
    this.runningSince.delete(name)
    if (things.delete(name)) this.#publish({ ...this.#newest, things }, name, isHeard)
  }

  /** The vendor keeps everything as it is now, to bring it back. */
  save(): void {
    this.#saved = this.current.things
  }

  /** What was saved and is not there comes back as it was saved, as other things: what `pm2 resurrect` does. */
  resurrect(): readonly Thing[] {
    const gone = [...this.#saved.values()].filter(({ name }) => this.thing(name) === undefined)
    for (const thing of gone) {
      this.#uid += 1
      const now = this.#now()
      const state = thing.state === 'stopped' ? 'stopped' : 'starting'
      const since = { restarts: 0, readyAt: now + startUpTime, madeAt: now, broughtBackAt: now }
      this.#put({ ...thing, ...since, uid: this.#uid, state })
    }
    return gone
  }

  /** Everything goes, and what was saved comes back: the machine starts anew. */
  reboot(): readonly Thing[] {
    for (const name of [...this.current.things.keys()]) this.remove(name)
    return this.resurrect()
  }

  /** What is there becomes again what it was when it was saved: what a rollback does. */
  rollBack(name: string): Thing | undefined {
    const saved = this.#saved.get(name)
    if (!saved || !this.thing(name)) return undefined
    const { program, fields, mark, setByMark } = saved
    this.change(name, { program, fields, mark, setByMark })
    this.restart(name)
    return saved
  }

  get savedNames(): readonly string[] {
    return [...this.#saved.keys()]
  }

  dispatch(workflow: string, revision: string): void {
    const { runs } = this.current
    const run = { number: runs.length + 1, workflow, revision, at: this.#now() }
    this.#publish({ ...this.#newest, runs: [...runs, run] }, workflow)
  }

  listen(listener: (name: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What happens by itself: what was starting has started, or failed. */
  tick(): void {
    const now = this.#now()
    for (const thing of this.#newest.things.values()) {
      if (thing.state === 'starting' && thing.readyAt <= now) {
        this.#put({ ...thing, state: this.cursed.has(thing.name) ? 'failed' : 'running' })
      } else if (thing.state === 'running') this.lastRunning.set(thing.name, now)
    }
  }

  /** All of it as text, to compare before and after. */
  print(): string {
    const { things, runs } = this.current
    return JSON.stringify([[...things.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), runs])
  }

  get #newest(): Snapshot {
    return this.#snapshots.at(-1) as Snapshot
  }

  #put(thing: Thing): void {
    const things = new Map(this.#newest.things)
    things.set(thing.name, thing)
    if (thing.state === 'running') {
      this.lastRunning.set(thing.name, this.#now())
      if (!this.runningSince.has(thing.name)) this.runningSince.set(thing.name, this.#now())
    } else this.runningSince.delete(thing.name)
    this.#publish({ ...this.#newest, things }, thing.name)
  }

  #publish(snapshot: Snapshot, name: string, isHeard = true): void {
    this.#snapshots.push({ ...snapshot, since: this.#now() })
    this.changedAt.set(name, this.#now())
    if (this.#snapshots.length > keptSnapshots) this.#snapshots.shift()
    if (isHeard) for (const listener of [...this.#listeners]) listener(name)
  }
}
