import { vi } from 'vitest'

/** Freezes a value to its depths, so that a function that changes what it was given throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (Object.isFrozen(value) && !Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) {
    return value
  }
  for (const inner of Object.values(value)) deepFreeze(inner)
  if (value instanceof Map || value instanceof Set) for (const inner of value.values()) deepFreeze(inner)
  return Object.freeze(value)
}

/**
 * Runs `work` in a world without clock, chance and environment: whoever asks for one gets an error. Texts can still
 * be read as dates.
 */
export function withoutAmbience<T>(work: () => T): T {
  const refuse = (what: string) => (): never => {
    throw new Error(`A pure function read ${what}`)
  }
  const RealDate = Date
  class FixedDate extends RealDate {
    constructor(...parts: readonly unknown[]) {
      if (parts.length === 0) refuse('the clock')()
      super(...(parts as [number]))
    }
    static override now = refuse('the clock')
  }
  const environment = process.env
  vi.stubGlobal('Date', FixedDate)
  const spies = [
    vi.spyOn(performance, 'now').mockImplementation(refuse('the clock')),
    vi.spyOn(Math, 'random').mockImplementation(refuse('chance')),
  ]
  process.env = new Proxy({}, { get: refuse('the environment') })
  try {
    return work()
  } finally {
    process.env = environment
    for (const spy of spies) spy.mockRestore()
    vi.unstubAllGlobals()
  }
}
