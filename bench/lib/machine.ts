import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { spreadOf } from './figure.ts'

/** Where and of what the figures are. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly commit: string
  /** Of one minute, before anything was measured: figures of a busy machine are worth little. */
  readonly load: number
  /** What a Node.js takes that does nothing, median: milliseconds of two machines can be compared only beside it. */
  readonly emptyStartMs: number
}

const emptyStarts = 9

export function thisMachine(): Machine {
  const git = (...args: string[]) => {
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  }
  const isChanged = git('status', '--porcelain', '--untracked-files=no') !== ''
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: git('rev-parse', '--short', 'HEAD') + (isChanged ? ' with changes' : ''),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    emptyStartMs: spreadOf(Array.from({ length: emptyStarts }, startNothing)).median,
  }
}

function startNothing(): number {
  const from = performance.now()
  execFileSync(process.execPath, ['-e', '0'])
  return performance.now() - from
}

/** For how long the machine must have been at rest, in milliseconds, and of how much of its processors. */
const rest = Object.freeze({ lasts: 300, busyShare: 0.05, waits: 30_000 })

/** Waits until nothing much runs, such as a hundred programs that were started a moment ago; at most half a minute. */
export async function untilAtRest(): Promise<void> {
  const end = performance.now() + rest.waits
  for (let before = processorTimes(); performance.now() < end; ) {
    await setTimeout(rest.lasts)
    const now = processorTimes()
    if ((now.busy - before.busy) / (now.all - before.all) <= rest.busyShare) return
    before = now
  }
}

function processorTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map(({ times }) => times)
  const idle = times.reduce((sum, each) => sum + each.idle, 0)
  const all = times.flatMap((each) => Object.values(each)).reduce((sum, value) => sum + value, 0)
  return { busy: all - idle, all }
}
