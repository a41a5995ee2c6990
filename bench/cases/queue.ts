import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atMost, type Bench, ratioOf, spreadOf } from '../lib/figure.ts'
import { inTurn } from '../lib/in-turn.ts'
import { PeerMissing } from '../lib/peer-missing.ts'

const run = promisify(execFile)

/** Milliseconds that a fresh process took to add and drain a million keys, each so often. */
async function drain(queue: 'ours' | 'p-queue' | 'fastq', each: 1 | 10): Promise<number> {
  const child = join(import.meta.dirname, '../children/drain-queue.mjs')
  const { stdout } = await run(process.execPath, [child, queue, String(each)])
  return Number(stdout)
}

export const queue: Bench = {
  name: 'queue',
  title: 'adding a million keys, each name ten times, and draining them by eight workers',
  async run() {
    for (const peer of ['p-queue', 'fastq']) {
      if (!existsSync(join(import.meta.dirname, '../node_modules', peer))) throw new PeerMissing(peer)
    }
    const taken = await inTurn({
      rounds: 5,
      players: {
        ours: () => drain('ours', 10),
        // Nothing to merge: the least that our queue is good for.
        distinct: () => drain('ours', 1),
        pQueue: () => drain('p-queue', 10),
        fastq: () => drain('fastq', 10),
      },
    })
    const { ours, distinct, pQueue, fastq } = taken
    return [
      { what: 'our queue', unit: 'ms', spread: spreadOf(ours) },
      { what: 'our queue, a million names', unit: 'ms', spread: spreadOf(distinct) },
      { what: 'p-queue', unit: 'ms', spread: spreadOf(pQueue) },
      { what: 'fastq', unit: 'ms', spread: spreadOf(fastq) },
      { what: 'our queue / p-queue', unit: 'x', spread: ratioOf(ours, pQueue), target: atMost(1) },
      { what: 'our queue / fastq', unit: 'x', spread: ratioOf(ours, fastq) },
    ]
  },
}
