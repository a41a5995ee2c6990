import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { type Holder, judgeLiveness, type Liveness } from '../../src/state/holder.ts'

/** The start time of a process on Linux: field 22 of its `stat`; the name before it may hold spaces. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie is dead; only its parent has not looked yet.
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

export function ownHolder(role: Holder['role']): Holder {
  const { pid } = process
  return { pid, startTime: startTimeOf(pid) ?? '', bootId, host: hostname(), role, since: Date.now() }
}

export function thisMachine(holder: Holder): Liveness {
  return judgeLiveness(holder, { host: hostname(), bootId, startTimeOf })
}
