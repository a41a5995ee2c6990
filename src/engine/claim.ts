import type { Mark, Owned } from '../core/ownership.ts'
import type { AnyReconciler, Claim } from '../core/reconciler.ts'
import type { Stance, Subject } from './finding.ts'

/**
 * Decides in what relation a readable thing stands to us (DESIGN 4a). The inventory is the authority; a mark
 * alone gives a declared thing back to us, and never justifies a deletion.
 */
export function takeStance(
  subject: Subject,
  reconciler: AnyReconciler,
): { readonly stance: Stance; readonly message: string } {
  const { desired, owned, reading } = subject
  if (reading.type === 'unreadable') return { stance: 'unreadable', message: reading.message }
  if (reading.type === 'absent') return { stance: 'absent', message: '' }
  if (!desired) return standOnRemoved(subject, reconciler, reconciler.claim(undefined, reading.value))
  const claim = reconciler.claim(desired, reading.value)
  const rival = rivalOf(claim, subject.mark)
  if (rival) return { stance: 'conflict', message: rival }
  if (owned) return { stance: 'ours', message: '' }
  if (claim.mark) return { stance: 'taken-back', message: '' }
  if (claim.matches || desired.controls.adopt) return { stance: 'adopted', message: '' }
  const differs = claim.differs.length > 0 ? ` (${claim.differs.join(', ')})` : ''
  return {
    stance: 'not-ours',
    message: `something else of that name exists${differs}; declare \`adopt: true\` to take it over`,
  }
}

function standOnRemoved(
  subject: Subject,
  reconciler: AnyReconciler,
  claim: Claim,
): ReturnType<typeof takeStance> {
  const { owned, reading } = subject
  if (!owned) return { stance: 'released', message: 'not owned by this fleet' }
  const rival = rivalOf(claim, subject.mark)
  if (rival) return { stance: 'conflict', message: rival }
  const policy = owned.deletionPolicy ?? reconciler.deletionDefault[owned.origin]
  if (policy === 'Orphan') {
    // Its own proposals, say: they are ours, whosever the thing is.
    const hasLeftovers = reading.type === 'present' && reconciler.hasLeftovers?.(reading.value) === true
    return hasLeftovers
      ? { stance: 'ours', message: '' }
      : { stance: 'released', message: 'no longer declared; left as it is' }
  }
  if (reconciler.leavesMark && owned.origin === 'created' && !claim.mark && !claim.isProven) {
    return {
      stance: 'released',
      message: 'no longer declared; what has that name now is not what we created',
    }
  }
  return { stance: 'ours', message: '' }
}

/** Who else owns it, in words; undefined: nobody. */
function rivalOf(claim: Claim, own: Mark): string | undefined {
  const { mark, rival } = claim
  if (rival !== undefined) return rival
  if (!mark) return undefined
  if (mark.fleet !== own.fleet || mark.environment !== own.environment) {
    const environment = mark.environment === '' ? '' : ` (${mark.environment})`
    return `it belongs to fleet ${mark.fleet}${environment}, which is left alone`
  }
  if (mark.store !== own.store && claim.isMarkAlive) {
    const where = claim.markedBy === undefined ? '' : ` (${claim.markedBy})`
    return `it belongs to another state store of this fleet${where}, which still exists; use one of the two`
  }
  return undefined
}

/** The inventory row of a thing that its mark gives back to us. */
export function reclaim(subject: Subject, claim: Claim, externalName: string, since: number): Owned {
  return {
    id: subject.id,
    externalName,
    origin: claim.mark?.origin ?? 'adopted',
    deletionPolicy: subject.desired?.controls.deletionPolicy,
    fields: {},
    memory: {},
    since,
  }
}
