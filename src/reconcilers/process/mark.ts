import type { Mark } from '../../core/ownership.ts'
import type { ResourceId } from '../../core/resource.ts'

/**
 * What we write on a PM2 record, in its field `reconciled`. It survives restarts, reloads, scaling by hand, and
 * `pm2 save` with `pm2 resurrect`.
 */
export interface ProcessMark extends Mark {
  /** Where the store lies, to see whether it still exists. */
  readonly storePath: string
  /** Dotted paths of the fields that we set, so that the three-way comparison survives the loss of our store. */
  readonly fields: readonly string[]
  /** Where the script, a program without a slash, was found on PATH; empty: it was declared as a path. */
  readonly foundAt: string
  /** Hash of the `sources` files that it was started with; empty: none were declared. */
  readonly sources: string
  /** Epoch milliseconds of our last action on it, 0 where the mark does not say: what restarted it then was no crash. */
  readonly actedAt: number
  /**
   * Epoch milliseconds at which we made it, 0 where the mark does not say. It stays through restarts and updates, and
   * copies that a person makes of it (`pm2 scale`) bear the same: what bears another was made twice.
   */
  readonly madeAt: number
}

/** What was read of the marks that PM2 listed: each is asked for a dozen times in a reading. */
const read = new WeakMap<object, ProcessMark | null>()

/** Reads a mark; undefined where the record has none, or something that we did not write. */
export function readMark(value: unknown): ProcessMark | undefined {
  if (value === null || typeof value !== 'object') return undefined
  const known = read.get(value)
  if (known !== undefined) return known ?? undefined
  const mark = parseMark(value as Readonly<Record<string, unknown>>)
  read.set(value, mark ?? null)
  return mark
}

function parseMark(mark: Readonly<Record<string, unknown>>): ProcessMark | undefined {
  const text = (key: string) => (typeof mark[key] === 'string' ? (mark[key] as string) : undefined)
  const [fleet, environment, store, id] = [text('fleet'), text('environment'), text('store'), text('id')]
  if (fleet === undefined || environment === undefined || store === undefined || !id?.includes('/')) {
    return undefined
  }
  return Object.freeze({
    fleet,
    environment,
    store,
    storePath: text('storePath') ?? '',
    id: id as ResourceId,
    origin: mark.origin === 'adopted' ? 'adopted' : 'created',
    hash: text('hash') ?? '',
    fields: Array.isArray(mark.fields) ? mark.fields.filter((path) => typeof path === 'string') : [],
    foundAt: text('foundAt') ?? '',
    sources: text('sources') ?? '',
    actedAt: typeof mark.actedAt === 'number' ? mark.actedAt : 0,
    madeAt: typeof mark.madeAt === 'number' ? mark.madeAt : 0,
  })
}

/** Whether two marks name one fleet in one environment; which of its stores is meant is for the engine to say. */
export function isSameFleet(a: Mark, b: Mark): boolean {
  return a.fleet === b.fleet && a.environment === b.environment
}

/**
 * What the process itself is told, to be found by where PM2 knows it no more. With its name: what such a process starts
 * in PM2 by itself inherits this, under another one.
 */
export function toldMark(store: string, name: string): string {
  return `${store}/${name}`
}
