import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Made when it is needed: most runs of the program start nothing. */
const run = () => promisify(execFile)

/**
 * A process that cannot be mistaken for another one: pids are used again, and after a reboot all of them are. Both
 * texts are only compared, never read.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in the operating system's own words. */
  readonly startTime: string
  /** Which boot of the machine it belongs to. */
  readonly bootId: string
}

/** What `/proc/<pid>/stat` says, as far as it is needed. */
interface ProcessStat {
  /** One letter; `Z` and `X` are dead processes whose parent did not look yet. */
  readonly state: string
  readonly parent: number
  readonly group: number
  /** Clock ticks from the boot to the start. */
  readonly startTicks: string
}

/** A process as the operating system describes it. */
export interface ProcessDescription {
  readonly identity: ProcessIdentity
  readonly parent: number
  /** Its process group; equal to the pid where it leads one. */
  readonly group: number
  /** Epoch milliseconds of its start, to about a tenth of a second on Linux and a second elsewhere. */
  readonly startedAt: number
}

const isLinux = process.platform === 'linux'

/** Linux counts process times in hundredths of a second for user programs, whatever the kernel's own tick is. */
const ticksPerSecond = 100

let bootId: Promise<string> | undefined

/** Which boot this is; read once. */
export function currentBootId(): Promise<string> {
  bootId ??= isLinux
    ? readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim())
    : run()('sysctl', ['-n', 'kern.bootsessionuuid']).then(({ stdout }) => stdout.trim())
  return bootId
}

async function readStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text === '' ? undefined : parseStat(text)
}

function parseStat(text: string): ProcessStat {
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = '', parent = '', group = ''] = fields
  return { state, parent: Number(parent), group: Number(group), startTicks: fields[19] ?? '' }
}

function isDead({ state }: ProcessStat): boolean {
  return state === 'Z' || state === 'X'
}

async function describeOnLinux(pid: number): Promise<ProcessDescription | undefined> {
  const stat = await readStat(pid)
  if (!stat || isDead(stat)) return undefined
  const uptime = Number.parseFloat(await readFile('/proc/uptime', 'utf8'))
  return describeStat(pid, stat, { uptime, bootId: await currentBootId() })
}

function describeStat(
  pid: number,
  stat: ProcessStat,
  { uptime, bootId }: { readonly uptime: number; readonly bootId: string },
): ProcessDescription {
  const age = uptime - Number(stat.startTicks) / ticksPerSecond
  return {
    identity: { pid, startTime: stat.startTicks, bootId },
    parent: stat.parent,
    group: stat.group,
    startedAt: Date.now() - age * 1000,
  }
}

async function describeByPs(pid: number): Promise<ProcessDescription | undefined> {
  let line: string
  try {
    const options = { env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } }
    line = (await run()('ps', ['-o', 'stat=,ppid=,pgid=,lstart=', '-p', String(pid)], options)).stdout.trim()
  } catch {
    return undefined
  }
  const [state = '', parent = '', group = '', ...start] = line.split(/\s+/)
  if (state === '' || state.startsWith('Z')) return undefined
  const startTime = start.join(' ')
  return {
    identity: { pid, startTime, bootId: await currentBootId() },
    parent: Number(parent),
    group: Number(group),
    startedAt: Date.parse(`${startTime} UTC`),
  }
}

/** Describes a living process; undefined where there is none, a dead one that nobody collected yet included. */
export async function describeProcess(pid: number): Promise<ProcessDescription | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  return isLinux ? describeOnLinux(pid) : describeByPs(pid)
}

/** The identity of a living process; undefined where there is none. */
export async function processIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  return (await describeProcess(pid))?.identity
}

/** Whether exactly this process still lives. Of another container it cannot be seen, and counts as dead. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await processIdentity(identity.pid)
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId
}

/**
 * What a small file of `/proc` says; empty where it cannot be read. Without Node's pool of threads, which takes a hundred
 * times as long and is started by its first use.
 */
export function readAtOnce(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Describes those that live, on Linux alone; many of them in the time that `describeProcess` takes for one. */
export function describeAtOnce(pids: readonly number[]): readonly ProcessDescription[] {
  if (!isLinux) return []
  const machine = {
    uptime: Number.parseFloat(readAtOnce('/proc/uptime')),
    bootId: readAtOnce('/proc/sys/kernel/random/boot_id').trim(),
  }
  return pids.flatMap((pid) => {
    const text = readAtOnce(`/proc/${pid}/stat`)
    const stat = text === '' ? undefined : parseStat(text)
    return stat && !isDead(stat) ? [describeStat(pid, stat, machine)] : []
  })
}

/** The children of a process's first thread, where the kernel tells; undefined: it does not. */
export function childrenOf(pid: number): readonly number[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return undefined
  }
}

/** The pids of all processes that can be seen, on Linux. */
export function allPids(): readonly number[] {
  if (!isLinux) return []
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
}

/** Whether a process group has a living member; its leader may have ended long before. */
export async function isGroupAlive(group: number): Promise<boolean> {
  if (!isLinux) {
    try {
      process.kill(-group, 0)
      return true
    } catch {
      return false
    }
  }
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readStat(Number(entry))
    if (stat && stat.group === group && !isDead(stat)) return true
  }
  return false
}
