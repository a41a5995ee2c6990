import { Worker } from 'node:worker_threads'
import { addTallies, emptyTally, type ModeChoice, type Tally } from './tally.ts'
import type { Chunk } from './worker.ts'

export interface Campaign {
  readonly first: number
  readonly seeds: number
  readonly modes: ModeChoice
  readonly workers: number
  /** Whether it goes on after a violation, to find all of them. */
  readonly keepsGoing: boolean
  /** Told after every chunk; the sum so far. */
  readonly onProgress: (tally: Tally) => void
}

/** Seeds that are handed out at once: some seconds of work. */
const chunkSize = 50

/**
 * Runs many seeds on several threads. Unless told to go on it stops at the first violation, after the chunks that are
 * under way: which one is found first hangs on the threads, what a seed does never does.
 */
export async function runCampaign(campaign: Campaign): Promise<Tally> {
  const end = campaign.first + campaign.seeds
  let next = campaign.first
  let sum = emptyTally
  const nextChunk = (): Chunk | undefined => {
    if (next >= end || (sum.broken.length > 0 && !campaign.keepsGoing)) return undefined
    const count = Math.min(chunkSize, end - next)
    const chunk = { first: next, count, modes: campaign.modes, keepsGoing: campaign.keepsGoing }
    next += count
    return chunk
  }
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url))
    try {
      for (let chunk = nextChunk(); chunk; chunk = nextChunk()) {
        const tally = await ask(worker, chunk)
        // Only now is the sum read: another thread may have added to it meanwhile.
        sum = addTallies(sum, tally)
        campaign.onProgress(sum)
      }
    } finally {
      await worker.terminate()
    }
  }
  const count = Math.min(campaign.workers, Math.ceil(campaign.seeds / chunkSize))
  await Promise.all(Array.from({ length: count }, work))
  return sum
}

function ask(worker: Worker, chunk: Chunk): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(error)
    worker.once('error', fail)
    worker.once('message', (tally: Tally) => {
      worker.off('error', fail)
      resolve(tally)
    })
    worker.postMessage(chunk)
  })
}
