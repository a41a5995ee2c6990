import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'
import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'

/** Bytes of the space for young objects, both of its halves. */
const youngSpace = 8 * 2 ** 20
/** Bytes that are made at most so that it grows to that. */
const mostMade = 2 * youngSpace
/** Bytes of a heap that is packed closely: some hundreds of resources. */
const mostPacked = 40 * 2 ** 20
/** How soon is looked how large the heap has become, and how often in the end. */
const [firstLook, lookInterval]: readonly [Duration, Duration] = [1_000, 60_000]
/** Elements of one array, and the bytes of each. */
const [pieceLength, elementSize] = [1024, 8]

/**
 * Keeps what a long-lived program uses of memory near what it needs. V8 lets the space for young objects grow to 32 MB
 * and more in a busy moment, and keeps it. Held at its first megabyte it would be collected for every few resources that
 * are read, and what is still in use would move to where old objects lie and leave holes there. So it is grown to what
 * one reading makes of objects, which V8 does only for objects that live on, and no further; V8 lets go of it again in a
 * quiet while.
 */
export function keepHeapSmall(): void {
  const made: number[][] = []
  const mostPieces = mostMade / (pieceLength * elementSize)
  while (made.length < mostPieces && youngSpaceNow() < youngSpace)
    made.push(new Array<number>(pieceLength).fill(made.length))
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** Looks whether the heap is to be packed, often at first and each minute later, until the signal ends it. */
export async function keepHeapPacked(clock: Clock, signal: AbortSignal): Promise<void> {
  const isOver = () => signal.aborted
  for (let rest = firstLook; !isOver(); rest = Math.min(2 * rest, lookInterval)) {
    packHeap()
    await clock.sleep(rest, signal).catch(() => undefined)
  }
}

/**
 * Has V8 collect a small heap after each 2 MB that grew old, instead of 8 and more, and pack closely what is left: a fifth
 * of what a quiet controller has is otherwise holes. What is quiet makes little that grows old, and of a small heap a
 * collection takes milliseconds; in a large one that would be most of the work.
 */
function packHeap(): void {
  const isSmall = getHeapStatistics().total_heap_size <= mostPacked
  setFlagsFromString(isSmall ? '--optimize-for-size' : '--no-optimize-for-size')
}

function youngSpaceNow(): number {
  return (
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? youngSpace
  )
}
