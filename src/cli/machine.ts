import { readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { currentBootId, processIdentity } from '../clients/host/process-identity.ts'
import { ReconcileError } from '../core/errors.ts'
import type { Holder, Liveness } from '../state/holder.ts'

/** This process as the holder of a lease. */
export async function holderOfThisProcess(role: Holder['role'], now: number): Promise<Holder> {
  const identity = await processIdentity(process.pid)
  if (!identity) throw new ReconcileError('Internal', 'Cannot tell when this process started')
  return { ...identity, host: await hostOfThisProcess(), role, since: now }
}

/** Whether a holder provably lives, or is provably gone, as far as this machine can tell. */
export async function judgeHolder(holder: Holder): Promise<Liveness> {
  if (holder.host !== (await hostOfThisProcess())) return 'unknown'
  if (holder.bootId !== (await currentBootId())) return 'dead'
  const identity = await processIdentity(holder.pid)
  return identity?.startTime === holder.startTime ? 'alive' : 'dead'
}

/** The machine together with the pid namespace: only within both can pids be compared. */
export async function hostOfThisProcess(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return `${hostname()} ${namespace}`.trim()
}
