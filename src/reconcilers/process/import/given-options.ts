import type { Tell } from './notice.ts'
import { settle, settleList, type Wanted } from './settle.ts'
import type { Static } from './static/value.ts'

/** Options by their names, read as the type that PM2 takes. */
export class GivenOptions {
  readonly #known: ReadonlyMap<string, Static>
  readonly name: string
  readonly tell: Tell
  /** Options that are given, and that could not be told. */
  readonly leftOut = new Set<string>()

  constructor(known: ReadonlyMap<string, Static>, name: string, tell: Tell) {
    this.#known = known
    this.name = name
    this.tell = tell
  }

  wanted(option: string): Wanted {
    return { what: `${this.name}: ${option}`, tell: this.tell }
  }

  raw(option: string): Static | undefined {
    return this.#known.get(option)
  }

  value(option: string): string | number | boolean | undefined {
    return this.#noted(option, settle(this.raw(option), this.wanted(option)))
  }

  text(option: string): string | undefined {
    const value = this.value(option)
    return value === undefined || value === '' || typeof value === 'boolean' ? undefined : String(value)
  }

  /** PM2 takes the text of a number for the number. */
  number(option: string): number | undefined {
    const value = this.value(option)
    if (value === undefined || typeof value === 'boolean' || value === '') return undefined
    const number = Number(value)
    if (!Number.isNaN(number)) return number
    this.refuse(option, 'a number')
    return undefined
  }

  boolean(option: string): boolean | undefined {
    const value = this.value(option)
    if (value === undefined || typeof value === 'boolean') return value
    this.refuse(option, 'true or false')
    return undefined
  }

  list(option: string): readonly string[] | undefined {
    return this.#noted(option, settleList(this.raw(option), this.wanted(option)))
  }

  #noted<T>(option: string, settled: T | undefined): T | undefined {
    const raw = this.raw(option)
    if (settled === undefined && raw !== undefined && raw.type !== 'scalar') this.leftOut.add(option)
    return settled
  }

  refuse(option: string, expected: string): void {
    const place = this.raw(option)?.at
    this.tell({
      code: 'import-ecosystem-value',
      message: `${this.name}: ${option} was left out: expected ${expected}, as PM2 does`,
      ...(place && { place }),
    })
  }
}
