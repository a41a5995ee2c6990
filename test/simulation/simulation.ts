import type { ResourceId } from '../../src/core/resource.ts'
import { successorOf } from '../../src/engine/former.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import { ModelledWorld } from '../support/modelled-world.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SimulatedTime } from '../support/simulated-clock.ts'
import { Actor } from './actor.ts'
import { findUnconverged, findUnsettled } from './convergence.ts'
import { Manifests } from './manifests.ts'
import { peekToken } from './peek.ts'
import { People, soon } from './people.ts'
import { Rules, type Violation } from './rules.ts'
import { type Outage, type Setting, themes } from './setting.ts'
import { Trace } from './trace.ts'
import { type FaultType, Weather } from './weather.ts'

/** `safety`: faults never stop. `liveness`: they do, and then it must converge and stay. */
export type Mode = 'safety' | 'liveness'

export interface Run {
  readonly seed: number
  readonly mode: Mode
  readonly violation: Violation | undefined
  readonly traceHash: string
  readonly trace: readonly string[]
  readonly injected: ReadonlyMap<FaultType, number>
  readonly checked: ReadonlyMap<string, number>
  readonly effects: number
  readonly overlaps: number
}

/** Virtual milliseconds of storm in each mode; of four runs one is long, because most faults show early. */
function stormFor(seed: number, mode: Mode): number {
  const long = mode === 'safety' ? 32_000 : 24_000
  return seed % 4 === 0 ? long : long / 2
}

/** The longest back-off of a deletion is 5 min, so that is how long convergence may take at most, and then some. */
const convergesWithin = 700_000
const staysFor = 15_000

/** In one run of so many something is taken away at the end, and no event tells of it. */
const unheardEvery = 8
/** The longest interval is 72 s; then it is made, and fallbacks stand down. */
const healsUnheardWithin = 150_000

/** A run has some hundred wake-ups; one with so many has an engine that spins while time hardly goes on. */
const mostSteps = 50_000

/** One run. The same seed and mode give the same run, to the last letter of its trace. */
export async function simulate(seed: number, mode: Mode): Promise<Run> {
  const stage = setUp(seed)
  const { setting, trace } = stage
  const { time, rules, weather } = setting
  const people = new People(setting)
  const end = stormFor(seed, mode)
  let steps = 0
  runBackground(stage, people, end)
  await runUntil(setting, end)
  if (mode === 'liveness' && !rules.violation) await converge(setting, people)
  return {
    seed,
    mode,
    violation: rules.violation,
    traceHash: trace.hash,
    trace: trace.lines,
    injected: weather.injected,
    checked: rules.checked,
    effects: rules.deeds.length,
    overlaps: rules.overlapped.size,
  }

  async function runUntil(within: Setting, until: number): Promise<void> {
    while (time.now < until && !within.rules.violation) {
      await time.step()
      steps += 1
      if (steps > mostSteps) rules.violate('engine-never-breaks', `${steps} wake-ups: it spins`)
    }
    await time.settle()
  }

  async function converge(within: Setting, mending: People): Promise<void> {
    weather.calm()
    await mending.mend()
    // What the storm still had on its way is over by then, and so is what ends by itself soon.
    await runUntil(within, time.now + 13_000 + timeOfEnds(within))
    const deadline = time.now + convergesWithin
    let faults = findUnconverged(within)
    while (faults.length > 0 && time.now < deadline && !rules.violation) {
      await runUntil(within, time.now + 3_000)
      faults = findUnconverged(within)
    }
    rules.check('converges', faults.length === 0, () => faults.join('; '))
    await runUntil(within, time.now + 3_000)
    const before = rules.deeds.length
    rules.unsettled = findUnsettled(within)
    const actor = [...within.actors][0]
    if (actor?.role === 'controller' && actor.lease) void mending.asking.check()
    await runUntil(within, time.now + staysFor)
    for (const actor of within.actors) actor.hearing.check(actor)
    rules.unsettled = undefined
    const unsettled = findUnsettled(within)
    const after = rules.deeds
      .slice(before)
      .filter(({ id }) => !unsettled.has(successorOf(id as ResourceId) ?? id))
      .map(({ type, id }) => `${type} ${id}`)
    rules.check('stays-converged', after.length === 0, () => after.join('; '))
    const out = within.manifests.edition.resources.filter(({ kind }) => rules.outages.isOut(kind))
    rules.check('an-outage-is-told', out.length === 0, () => `nobody heard that ${out[0]?.kind} is back`)
    const late = findUnconverged(within)
    rules.check('stays-converged', late.length === 0, () => late.join('; '))
    if (seed % unheardEvery === 0) await healUnheard(within, mending)
  }

  /** What nobody hears of is seen when everything is read again by itself. */
  async function healUnheard(within: Setting, hidden: People): Promise<void> {
    const name = hidden.takeAwayUnheard()
    const deadline = time.now + healsUnheardWithin
    while (findUnconverged(within).length > 0 && time.now < deadline && !rules.violation)
      await runUntil(within, time.now + 3_000)
    const faults = findUnconverged(within)
    rules.check(
      'converges',
      faults.length === 0,
      () => `${name} was taken away unheard: ${faults.join('; ')}`,
    )
  }
}

/** How long it may take until windows and suspensions that end soon have ended. */
function timeOfEnds({ manifests, rules, wall }: Setting): number {
  const { resources } = manifests.edition
  const untils = [
    ...resources.map(({ controls }) => controls.suspend?.until),
    ...[...rules.suspended.values()].map(({ until }) => until),
  ].filter((until) => until !== undefined)
  const left = untils.map((until) => until - wall()).filter((wait) => wait < soon)
  const hasWindow = resources.some(({ controls }) => controls.windows.length > 0)
  return Math.max(hasWindow ? 24_000 : 0, ...left)
}

interface Stage {
  readonly setting: Setting
  readonly trace: Trace
  readonly actors: Set<Actor>
  spawn(): void
}

function setUp(seed: number): Stage {
  const random = new SeededRandom(seed)
  const order = random.fork()
  const time = new SimulatedTime(() => order.next())
  const weather = new Weather(random.fork())
  const rules = new Rules()
  const trace = new Trace()
  const actors = new Set<Actor>()
  const dead = new Set<number>()
  const outside = new ModelledWorld(() => time.now)
  const disk = createMemoryDisk({ id: 'store-1' })
  outside.livingStores.add(disk.id)
  const isLocal = random.isLucky(0.7)
  let pid = 100
  let isRecovering = false
  const setting: Setting = {
    time,
    random,
    disk,
    outside,
    manifests: new Manifests(() => time.now, random.fork(), weather),
    weather,
    rules,
    outage: undefined,
    theme: random.pick(themes),
    dead,
    actors,
    wall: () => time.clock().now() + setting.wallOffset,
    wallOffset: 0,
    storeFullUntil: 0,
    refusal: { until: 0, isForTime: false },
    storeUnreadableUntil: 0,
    note: (line) => trace.add(time.now, line),
    onEnd(actor) {
      actors.delete(actor)
      dead.add(actor.pid)
      isRecovering ||= actor.isDead
      // Whatever watches over a program that dies again and again starts it again at once.
      const wait = random.between(50, setting.theme === 'rivals' ? 400 : 2_000)
      void time.sleep(wait).then(() => {
        if (actors.size === 0) spawn()
      })
    },
    livenessOf: (asked) => (isLocal ? (dead.has(asked) ? 'dead' : 'alive') : 'unknown'),
  }
  rules.attach(setting)
  const spawn = (): void => {
    pid += 1
    const actor = new Actor(setting, pid)
    // A second kill while it looks for what the first one left.
    if (isRecovering && weather.strikes('kill-in-recovery')) actor.doomedIn = random.between(1, 8)
    isRecovering = false
    actors.add(actor)
    setting.note(`start ${pid} as ${actor.role}`)
    void actor.live()
  }
  return { setting, trace, actors, spawn }
}

/** As if another had taken the lease over and given it back: whoever held it does not know yet. */
async function loseLease({ disk, rules }: Setting): Promise<void> {
  rules.lease.forget()
  await openMemoryStore(disk).commit([
    { type: 'delete', collection: 'lease', key: 'fleet' },
    { type: 'delete', collection: 'lease-token', key: 'fleet' },
  ])
}

/** A whole domain, or some of what is declared of it, for some seconds. */
function someOutage({ time, manifests }: Setting, random: SeededRandom): Outage {
  const kind = random.isLucky(0.7) ? 'Model' : 'Dispatch'
  const ids = manifests.edition.resources.map(({ id }) => id).filter(() => random.isLucky(0.5))
  const isWhole = random.isLucky(0.6)
  return { kind, ids: isWhole ? undefined : new Set(ids), until: time.now + random.between(2_000, 14_000) }
}

/** Everything that goes on beside the first actor. */
function runBackground({ setting, actors, spawn }: Stage, people: People, end: number): void {
  const { time, weather, rules } = setting
  const random = setting.random.fork()
  const isOver = () => time.now >= end || weather.isCalm
  const loop = async (from: number, to: number, act: () => unknown): Promise<void> => {
    for (;;) {
      await time.sleep(random.between(from, to))
      if (isOver()) return
      await act()
    }
  }
  spawn()
  void loop(200, 3_000, () => people.act())
  void loop(4_000, 10_000, () => {
    if (weather.strikes('rival')) void people.fight(time.now + random.between(5_000, 20_000))
  })
  void loop(2_000, 10_000, () => people.save())
  void loop(4_000, 14_000, () => people.bringBack())
  void loop(3_000, 9_000, () => {
    const actor = random.pick([...actors])
    if (!actor || !weather.strikes('pause')) return
    // Who sleeps already is not woken by it.
    actor.pausedUntil = Math.max(actor.pausedUntil, time.now + random.between(500, 9_000))
    setting.note(`pause ${actor.pid}`)
  })
  void loop(4_000, 12_000, async () => {
    if (peekToken(setting.disk) === 0 || !weather.strikes('lease-lost')) return
    setting.note('lease lost')
    await loseLease(setting)
  })
  void loop(6_000, 20_000, async () => {
    if (!weather.strikes('clock-jump')) return
    await people.resumeFailing()
    const jump = random.pick([-3_600_000, 3_600_000, -5_000, 5_000] as const)
    setting.wallOffset += jump
    rules.lastJump = time.now
    if (jump > 0) rules.lastLeap = time.now
    setting.note(`clock ${setting.wallOffset}`)
  })
  void loop(5_000, 12_000, () => {
    if (actors.size < 2 && weather.strikes('second-actor')) spawn()
  })
  void loop(8_000, 20_000, () => {
    void random.pick([...actors])?.stop()
  })
  void loop(4_000, 12_000, async () => {
    if (!weather.strikes('outage')) return
    const outage = someOutage(setting, random)
    setting.note(`${outage.kind} is out: ${outage.ids ? [...outage.ids].join(' ') : 'all of it'}`)
    setting.outage = outage
    await time.sleep(outage.until - time.now)
    if (!weather.isCalm) rules.outages.checkEnd(setting, outage)
  })
  void loop(1_000, 1_000, () => {
    for (const actor of actors) actor.hearing.check(actor)
  })
  void loop(4_000, 12_000, () => new Actor(setting, 0).look())
}
