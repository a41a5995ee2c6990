import type { Liveness } from '../../src/state/holder.ts'
import type { MemoryDisk } from '../../src/state/memory.ts'
import type { ModelledWorld } from '../support/modelled-world.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { SimulatedTime } from '../support/simulated-clock.ts'
import type { Actor } from './actor.ts'
import type { Manifests } from './manifests.ts'
import type { Rules } from './rules.ts'
import type { Weather } from './weather.ts'

/** What people do more than anything else. */
export const themes = ['anything', 'deletions', 'dispatches', 'failures', 'rivals'] as const
export type Theme = (typeof themes)[number]

/** A vendor that does not answer for a while, for one kind; or answers and leaves some things out. */
export interface Outage {
  readonly kind: string
  /** Undefined: nothing of it can be read. */
  readonly ids: ReadonlySet<string> | undefined
  readonly until: number
}

/** Everything that one run consists of. */
export interface Setting {
  readonly time: SimulatedTime
  readonly random: SeededRandom
  readonly disk: MemoryDisk
  readonly outside: ModelledWorld
  readonly manifests: Manifests
  readonly weather: Weather
  readonly rules: Rules
  /** What the wall clock is off, in ms; monotonic time is not. */
  wallOffset: number
  storeFullUntil: number
  /** Until when the vendor refuses everything, and whether he says that time will cure it. */
  refusal: { readonly until: number; readonly isForTime: boolean }
  storeUnreadableUntil: number
  outage: Outage | undefined
  /** What most people are at in this run. */
  readonly theme: Theme
  /** Processes of this machine that ended, by pid. */
  readonly dead: Set<number>
  /** The actors that live. */
  readonly actors: ReadonlySet<Actor>
  /** Epoch milliseconds, as every clock says. */
  wall(): number
  /** Writes a line of the trace. */
  note(line: string): void
  onEnd(actor: Actor): void
  livenessOf(pid: number): Liveness
}
