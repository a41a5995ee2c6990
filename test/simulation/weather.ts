import type { SeededRandom } from '../support/seeded-random.ts'

/** Every fault that a run can inject. */
export const faultTypes = [
  'kill-after-effect',
  'kill-after-commit',
  'kill-in-recovery',
  'kill-after-correction',
  'error-before-effect',
  'error-after-effect',
  'late-effect',
  'lost-answer',
  'hang-before-effect',
  'hang-after-effect',
  'slow-effect',
  'vendor-refuses',
  'read-error',
  'read-hang',
  'partial-read',
  'stale-list',
  'outage',
  'event-dropped',
  'event-duplicated',
  'event-late',
  'manifests-half-read',
  'manifests-emptied',
  'store-busy',
  'store-full',
  'store-unreadable',
  'pause',
  'lease-lost',
  'clock-jump',
  'second-actor',
  'rival',
  'asker-killed',
  'resurrection',
  'reboot',
  'rollback',
] as const
export type FaultType = (typeof faultTypes)[number]

/** How often each fault comes, where it has its chance. */
const rates: Readonly<Record<FaultType, number>> = {
  'kill-after-effect': 0.12,
  'kill-after-commit': 0.02,
  // Of those who follow a killed one.
  'kill-in-recovery': 0.6,
  // Where rivals are at work: who is killed each time that he has set something right.
  'kill-after-correction': 0.8,
  'error-before-effect': 0.12,
  // The vendor says that it failed, and it did not.
  'error-after-effect': 0.08,
  // He takes the order, and gets round to it when something else may be wanted.
  'late-effect': 0.08,
  'lost-answer': 0.1,
  'hang-before-effect': 0.05,
  'hang-after-effect': 0.05,
  'slow-effect': 0.3,
  'vendor-refuses': 0.04,
  'read-error': 0.06,
  'read-hang': 0.02,
  'partial-read': 0.12,
  'stale-list': 0.4,
  outage: 0.6,
  'event-dropped': 0.4,
  'event-duplicated': 0.2,
  'event-late': 0.3,
  'manifests-half-read': 0.2,
  'manifests-emptied': 0.1,
  'store-busy': 0.01,
  'store-full': 0.002,
  'store-unreadable': 0.002,
  pause: 0.25,
  'lease-lost': 0.3,
  'clock-jump': 0.15,
  'second-actor': 0.5,
  rival: 0.5,
  'asker-killed': 0.3,
  resurrection: 0.4,
  reboot: 0.2,
  rollback: 0.4,
}

/**
 * The faults of one run. Each run has some of them and not others: what never fails together with everything else
 * hides what fails alone.
 */
export class Weather {
  /** How often each fault was injected. */
  readonly injected = new Map<FaultType, number>()
  readonly #random: SeededRandom
  readonly #enabled: ReadonlySet<FaultType>
  #isCalm = false

  constructor(random: SeededRandom) {
    this.#random = random
    this.#enabled = new Set(faultTypes.filter(() => random.isLucky(0.45)))
  }

  /** From now on nothing fails any more. */
  calm(): void {
    this.#isCalm = true
  }

  get isCalm(): boolean {
    return this.#isCalm
  }

  /** Whether a fault strikes now; counted. */
  strikes(type: FaultType): boolean {
    // Chance is drawn in every case, so that calm and storm differ in nothing else.
    const isLucky = this.#random.isLucky(rates[type])
    if (this.#isCalm || !isLucky || !this.#enabled.has(type)) return false
    this.injected.set(type, (this.injected.get(type) ?? 0) + 1)
    return true
  }
}
