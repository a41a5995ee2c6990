import { resolve } from 'node:path'
import { ReconcileError } from '../../core/errors.ts'
import { type Claim, claimHolder, type Holder, tryClaim } from '../host/claim.ts'
import { homePaths } from './home-paths.ts'
import { printable } from './printable.ts'

/** One writer a PM2_HOME, whatever its fleet: two would undo each other's work, and PM2 mixes up what overlaps. */
export interface HomeLock {
  /** Takes it for a fleet, or rejects with `HomeLocked` and who has it. Never waits; the dead hold nothing. */
  acquire(fleet: string): Promise<Claim>
  /** Who has it and lives. Writes nothing. */
  holder(): Promise<Holder | undefined>
}

/** The lock of a home. Making it touches nothing. */
export function homeLock(home: string): HomeLock {
  const paths = homePaths(resolve(home))
  return {
    async acquire(fleet) {
      const result = await tryClaim(paths.writerClaim, fleet)
      if (result.type === 'claimed') return result.claim
      const { pid, purpose } = result.holder
      throw new ReconcileError(
        'HomeLocked',
        `Could not act in the PM2_HOME ${paths.home}: process ${pid} acts there for fleet ${printable(purpose, 80)}`,
        { hint: 'Wait until it has ended, or give this fleet a PM2_HOME of its own.' },
      )
    },
    holder: () => claimHolder(paths.writerClaim),
  }
}
