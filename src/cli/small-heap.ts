import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Bytes of the space for young objects, both of its halves. */
const youngSpace = 8 * 2 ** 20
/** Bytes that are made at most so that it grows to that. */
const mostMade = 2 * youngSpace
/** Elements of one array, and the bytes of each. */
const [pieceLength, elementSize] = [1024, 8]

/**
 * Keeps what a long-lived program uses of memory near what it needs. V8 lets the space for young objects grow to 32 MB
 * and more in a busy moment, and keeps it. Held at its first megabyte it would be collected for every few resources that
 * are read, and what is still in use would move to where old objects lie and leave holes there. So it is grown to what
 * one reading makes of objects, which V8 does only for objects that live on, and no further; V8 lets go of it again in a
 * quiet hour.
 */
export function keepHeapSmall(): void {
  const made: number[][] = []
  const mostPieces = mostMade / (pieceLength * elementSize)
  while (made.length < mostPieces && youngSpaceNow() < youngSpace)
    made.push(new Array<number>(pieceLength).fill(made.length))
  setFlagsFromString('--semi-space-growth-factor=1')
}

function youngSpaceNow(): number {
  return (
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? youngSpace
  )
}
