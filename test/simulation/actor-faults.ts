import type { Action } from '../../src/core/action.ts'
import type { EffectFate, ModelFaults, ReadFate } from '../support/model-faults.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { Actor } from './actor.ts'
import type { Outage, Setting } from './setting.ts'

/** The vendors as one actor meets them in this run's weather; every effect and reading is told to the rules. */
export function actorFaults(setting: Setting, actor: Actor, random: SeededRandom): ModelFaults {
  const { weather, rules } = setting
  return {
    read(kind, asked): ReadFate {
      setting.note(`read ${actor.pid} ${asked.join(' ')}`)
      actor.hearing.looked(asked)
      for (const id of asked) actor.readingBegan.set(id, setting.time.now)
      const outage = outageOf(setting, kind, asked)
      if (outage) {
        actor.outage.readInVain(setting, actor, outage)
        const latency = random.between(0, 40)
        if (!outage.ids) return { type: 'error', latency }
        return {
          type: 'answered',
          latency,
          staleVersions: 0,
          unreadable: asked.filter((id) => outage.ids?.has(id)),
        }
      }
      if (weather.strikes('read-hang')) return { type: 'hang' }
      // Where much is deleted the one thing by itself, which is read right before, takes its time.
      const pace = setting.theme === 'deletions' && asked.length === 1 ? 20 : 1
      const latency = pace * random.between(0, 40)
      if (weather.strikes('read-error')) return { type: 'error', latency }
      const isPartial = weather.strikes('partial-read')
      const unreadable = isPartial ? asked.filter(() => random.isLucky(0.5)) : []
      // What the vendor names is listed late, however few are asked for.
      const isListed = asked.length > 1 || kind === 'Dispatch'
      const staleVersions = isListed && weather.strikes('stale-list') ? random.between(1, 6) : 0
      return { type: 'answered', latency, staleVersions, unreadable }
    },
    afterRead(readings) {
      for (const [id, reading] of readings) {
        if (reading.type !== 'unreadable') actor.lastRead.set(id, setting.time.now)
      }
    },
    effect(action) {
      rules.onEffectStart(actor, action)
      const fate = fateOf(setting, random, 'name' in action)
      // What the vendor names is where a lost answer costs most: there it is lost more often while people are at it.
      const isAtStake = setting.theme === 'dispatches' && !('name' in action) && fate.type === 'done'
      const isLost = isAtStake && [1, 2, 3, 4].some(() => weather.strikes('lost-answer'))
      const isDenied = fate.type === 'error-after' || (fate.type === 'late' && fate.answer === 'error')
      if (isDenied && action.verb === 'create' && 'name' in action) rules.denied.add(String(action.name))
      return isLost ? { type: 'lost-answer', latency: fate.latency } : fate
    },
    beforeEffect(action) {
      setting.note(`effect ${actor.pid} ${action.summary}`)
      rules.onEffect(actor, action)
    },
    arrived(action) {
      setting.note(`arrives ${action.summary}`)
      rules.afterEffect(actor, action)
    },
    async afterEffect(action: Action) {
      rules.afterEffect(actor, action)
      const isCorrection = setting.theme === 'rivals' && action.type === 'update'
      const isKilledForIt = isCorrection && weather.strikes('kill-after-correction')
      if (!isKilledForIt && !actor.isDoomedNow() && !weather.strikes('kill-after-effect')) return
      actor.kill()
      await never()
    },
    wake() {
      if (weather.strikes('event-dropped')) return []
      if (weather.strikes('event-duplicated')) return [0, 0, random.between(1, 500)]
      return [weather.strikes('event-late') ? random.between(100, 3_000) : 0]
    },
  }
}

/** The outage that this reading falls into. */
function outageOf(
  { outage, weather, time }: Setting,
  kind: string,
  asked: readonly string[],
): Outage | undefined {
  if (!outage || weather.isCalm || outage.kind !== kind || time.now >= outage.until) return undefined
  return !outage.ids || asked.some((id) => outage.ids?.has(id)) ? outage : undefined
}

function fateOf(setting: Setting, random: SeededRandom, isNamed: boolean): EffectFate {
  const { weather, time } = setting
  const latency = weather.strikes('slow-effect') ? random.between(300, 900) : random.between(0, 50)
  if (time.now >= setting.refusal.until && weather.strikes('vendor-refuses')) {
    setting.refusal = { until: time.now + random.between(2_000, 12_000), isForTime: random.isLucky(0.5) }
  }
  if (time.now < setting.refusal.until && !weather.isCalm) {
    return { type: 'error-before', latency, isForTime: setting.refusal.isForTime }
  }
  if (weather.strikes('error-before-effect')) {
    return { type: 'error-before', latency, isForTime: random.isLucky(0.3) }
  }
  // An answer that is no clear refusal of what cannot be repeated is a lost one: its domain says so.
  if (isNamed && weather.strikes('error-after-effect')) return { type: 'error-after', latency }
  if (weather.strikes('late-effect')) {
    // What cannot be repeated is not later than its list may be.
    const delay = isNamed ? random.between(500, 9_000) : random.between(100, 2_000)
    const answer = random.pick(isNamed ? (['done', 'error', 'lost'] as const) : (['done', 'lost'] as const))
    return { type: 'late', latency, answer: answer ?? 'done', turn: () => time.sleep(delay) }
  }
  if (weather.strikes('hang-before-effect')) return { type: 'hang-before', latency }
  if (weather.strikes('hang-after-effect')) return { type: 'hang-after', latency }
  if (weather.strikes('lost-answer')) return { type: 'lost-answer', latency }
  return { type: 'done', latency }
}

/** What a killed program's calls come to. */
export function never(): Promise<never> {
  return new Promise(() => undefined)
}
