import { randomBytes } from 'node:crypto'
import type { Random } from '../../core/clock.ts'

/** 2^53, so that `next` is as fine as a double can be below 1. */
const steps = 2 ** 53

let lastMoment = 0
let sequence = 0

/** Milliseconds (9 digits, base 36), a count within the millisecond (4), and 60 bits of chance (12 and more). */
function id(): string {
  const moment = Math.max(Date.now(), lastMoment)
  sequence = moment === lastMoment ? sequence + 1 : 0
  lastMoment = moment
  const chance = randomBytes(10).toString('hex').slice(0, 15)
  return moment.toString(36).padStart(9, '0') + sequence.toString(36).padStart(4, '0') + chance
}

function next(): number {
  const bytes = randomBytes(8)
  return Number(bytes.readBigUInt64BE() >> 11n) / steps
}

/** The machine's own chance. */
export const systemRandom: Random = Object.freeze({ next, id })
