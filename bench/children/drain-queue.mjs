import fastq from 'fastq'
import PQueue from 'p-queue'
import { systemClock } from '../../src/clients/host/clock.ts'
import { WorkQueue } from '../../src/engine/queue.ts'

// `node drain-queue.mjs ours|p-queue|fastq EACH`: adds a million keys, each so often, drains them with eight workers, and
// prints how many milliseconds it took. Only ours merges what is added twice; the others do all of it, as they would. In
// JavaScript, because the types of what is only installed for benches are not there for a check of all.

const adds = 1_000_000
const each = Number(process.argv[3])
const keys = Array.from({ length: adds / each }, (_, index) => `Process/app-${index}`)
const workers = 8
const keyOf = (index) => keys[index % keys.length] ?? ''
const work = () => Promise.resolve()

const queues = {
  async ours() {
    const queue = new WorkQueue(systemClock, Math.random)
    for (let index = 0; index < adds; index += 1) queue.add(keyOf(index))
    let left = keys.length
    while (left > 0) {
      const taken = await queue.take()
      let next = 0
      const serve = async () => {
        for (let key = taken[next++]; key !== undefined; key = taken[next++]) {
          await work()
          queue.done(key)
        }
      }
      await Promise.all(Array.from({ length: workers }, serve))
      left -= taken.length
    }
  },
  async 'p-queue'() {
    const queue = new PQueue({ concurrency: workers })
    for (let index = 0; index < adds; index += 1) void queue.add(work, { id: keyOf(index) })
    await queue.onIdle()
  },
  async fastq() {
    // Its variant with callbacks drains by recursion, and a million overflows the stack.
    const queue = fastq.promise(work, workers)
    for (let index = 0; index < adds; index += 1) void queue.push(keyOf(index))
    await queue.drained()
  },
}

const name = process.argv[2]
const from = performance.now()
await queues[name]()
console.log(performance.now() - from)
