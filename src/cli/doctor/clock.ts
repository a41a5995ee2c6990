import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { formatDuration } from '../../core/duration.ts'
import type { DoctorFinding } from '../../reports/doctor-text.ts'
import { openLedger } from '../../state/ledger.ts'
import { openState, type Workspace } from '../workspace.ts'

/** Milliseconds that a time of the store may lie ahead. */
const slack = 30_000
/** Files by which a service says that it keeps the clock. */
const timeServices: Readonly<Record<string, string>> = Object.freeze({
  'run/systemd/timesync/synchronized': 'systemd-timesyncd',
  'run/chrony/chronyd.pid': 'chrony',
  'run/ntpd.pid': 'ntpd',
})

/**
 * The clock where no vendor was asked for his: it must not be before what the store holds, and a service should keep it.
 * `root` is where `/run` lies.
 */
export async function examineClock(workspace: Workspace | undefined, root: string): Promise<DoctorFinding> {
  const check = 'clock'
  const newest = workspace && (await newestTime(workspace))
  const now = workspace?.clock.now() ?? 0
  if (newest !== undefined && newest - now > slack) {
    return {
      check,
      verdict: 'warning',
      message: `this machine's clock was set back: the last pass was made ${formatDuration(newest - now)} from now`,
      cure: '`timedatectl set-ntp true`, or any other time service; what is due is reckoned anew by itself',
    }
  }
  const service = Object.entries(timeServices).find(([path]) => existsSync(join(root, path)))?.[1]
  if (service !== undefined)
    return { check, verdict: 'fine', message: `${service} keeps it`, cure: undefined }
  const since = newest === undefined ? '' : '; it was not set back since the last pass'
  return {
    check,
    verdict: 'unknown',
    message: `nothing here can tell whether it is right: no time service was seen, and neither GitHub nor Netlify told the time${since}`,
    cure: '`timedatectl` says whether a time service keeps it',
  }
}

/** Of the newest reading that the store holds; undefined: there is none, or it cannot be opened. */
async function newestTime(workspace: Workspace): Promise<number | undefined> {
  const { folder, environment, clock } = workspace
  try {
    const store = await openState(workspace, 'read')
    try {
      const { states } = await openLedger({ store, fleet: folder, environment, clock }).load()
      const times = [...states.values()].map(({ status }) => status.observedAt)
      return times.length === 0 ? undefined : Math.max(...times)
    } finally {
      await store.close()
    }
  } catch {
    // What is wrong with the store is told by itself.
    return undefined
  }
}
