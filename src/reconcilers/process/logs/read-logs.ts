import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../../../core/clock.ts'
import type { Duration } from '../../../core/duration.ts'
import type { LogLine, LogOptions } from '../../../core/reconciler.ts'
import { LogFile } from './log-file.ts'
import type { LogPlace } from './log-place.ts'
import { type ReadTime, timeReader } from './log-time.ts'

/** How often is looked whether something was printed. */
const lookInterval: Duration = 200
/** How often is looked whether there are other instances. */
const placesInterval: Duration = 2000

interface Source {
  readonly place: LogPlace
  readonly file: LogFile
  readonly readTime: ReadTime | undefined
}

/** Lines of one file with the time by which they are put among those of others. */
interface Batch {
  readonly lines: readonly LogLine[]
  /** When the file was last written. */
  readonly writtenAt: number
}

/**
 * What a process printed, oldest first where its lines say when; otherwise file by file, the one that was written
 * last at the end. `follow` goes on across restarts, rotation and other instances, until the signal.
 */
export async function* readLogs(
  findPlaces: () => Promise<readonly LogPlace[]>,
  options: LogOptions & { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const { clock, signal } = options
  const sources = new Map<string, Source>()
  try {
    const first = await Promise.all(
      (await findPlaces()).map(async (place) => {
        const source = add(sources, place)
        return batchOf(source, await source.file.tail(options.lines, !options.follow))
      }),
    )
    // What another instance finds in a file of its number that was there before is no news.
    const old = options.follow ? await sizesBeside([...sources.keys()]) : new Map<string, number>()
    yield* merge(first)
    let nextPlacesAt = clock.monotonic() + placesInterval
    while (options.follow && !signal.aborted) {
      if (clock.monotonic() >= nextPlacesAt) {
        for (const place of await findPlaces()) {
          if (!sources.has(place.path)) add(sources, place, old.get(place.path))
        }
        nextPlacesAt = clock.monotonic() + placesInterval
      }
      let isAll = true
      const batches = await Promise.all(
        [...sources.values()].map(async (source) => {
          const more = await source.file.more()
          if (!more.isAll) isAll = false
          return batchOf(source, more.lines)
        }),
      )
      yield* merge(batches)
      if (isAll) await clock.sleep(lookInterval, signal).catch(() => undefined)
    }
  } finally {
    for (const { file } of sources.values()) await file.close()
  }
}

function add(sources: Map<string, Source>, place: LogPlace, position = 0): Source {
  const source = { place, file: new LogFile(place.path, position), readTime: timeReader(place.timeFormat) }
  sources.set(place.path, source)
  return source
}

async function batchOf({ place, readTime }: Source, texts: readonly string[]): Promise<Batch> {
  const lines = texts.map((text): LogLine => {
    const timed = readTime?.(text)
    const { stream, source } = place
    return { at: timed?.at, source, stream, text: timed?.text ?? text }
  })
  const writtenAt = lines.length === 0 ? 0 : await stat(place.path).then(({ mtimeMs }) => mtimeMs, gone)
  return { lines, writtenAt }
}

/** The sizes of all files in the folders of these. */
async function sizesBeside(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    for (const entry of await readdir(folder).catch(() => [])) {
      const path = join(folder, entry)
      if (entry.endsWith('.log')) sizes.set(path, await stat(path).then(({ size }) => size, gone))
    }
  }
  return sizes
}

function gone(): number {
  return 0
}

/** A line without a time of its own (the rest of a stack trace) stays behind the one before it. */
function merge(batches: readonly Batch[]): readonly LogLine[] {
  const filled = batches
    .filter(({ lines }) => lines.length > 0)
    .toSorted((a, b) => a.writtenAt - b.writtenAt)
    .map(({ lines }) => lines)
  const canBeOrdered = filled.every((lines) => lines.some(({ at }) => at !== undefined))
  if (!canBeOrdered) return filled.flat()
  const timed = filled.flatMap((lines) => {
    let last = lines.find(({ at }) => at !== undefined)?.at ?? 0
    return lines.map((line) => {
      last = Math.max(last, line.at ?? last)
      return { line, at: last }
    })
  })
  // A stable sort: lines of one file keep their order.
  return timed.toSorted((a, b) => a.at - b.at).map(({ line }) => line)
}
