import type { Hold } from '../core/hold.ts'
import type { Finding } from './finding.ts'
import type { GuardInput } from './guard-input.ts'

/**
 * More deletions than the fleet allows in one pass are held, all of them: a wrong folder or a bad merge looks
 * exactly like this. From three on the share of what is owned counts as well.
 */
export function holdDeletions(
  findings: readonly Finding[],
  input: Pick<
    GuardInput,
    'view' | 'fleet' | 'isAnythingDeclared' | 'allowedDeletions' | 'isBusy' | 'otherRemovals'
  >,
): readonly Finding[] {
  const removes = (finding: Finding) =>
    finding.holds.length > 0 ? 0 : finding.actions.reduce((sum, action) => sum + action.removes, 0)
  const here = findings.reduce((sum, finding) => sum + removes(finding), 0)
  // What is to go and could not be read would go in the next pass: half a list must not halve the count.
  const unread = findings.filter(
    ({ desired, unknown, owned }) => !desired && unknown && owned?.deletionPolicy !== 'Orphan',
  ).length
  // What waits for a time (a back-off, a window, the end of a suspension), or for what takes its place, goes by itself as
  // soon as that wait is over: none of them must split a mass deletion.
  const later = findings.filter(
    ({ desired, actions, holds }) =>
      !desired &&
      actions.some(({ removes }) => removes > 0) &&
      holds.length > 0 &&
      holds.every(({ reason, until }) => until !== undefined || reason === 'DependencyNotReady'),
  ).length
  // What is being made is not there yet, and goes as soon as it is.
  const coming = findings.filter(
    ({ id, desired, actions, owned }) =>
      !desired && actions.length === 0 && owned && owned.deletionPolicy !== 'Orphan' && input.isBusy(id),
  ).length
  const count = here + unread + later + coming + input.otherRemovals
  if (here === 0 || count <= (input.allowedDeletions ?? 0)) return findings
  // Where nothing at all is declared only the number that was said counts.
  const { max, percent } = input.isAnythingDeclared
    ? input.fleet.deletions
    : { max: input.allowedDeletions ?? 0, percent: 0 }
  const share = (100 * count) / Math.max(1, input.view.inventory.size)
  const isOverShare = count >= 3 && share > percent
  if (count <= max && !isOverShare) return findings
  const limit = count > max ? `at most ${max} a pass` : `at most ${percent} % of what is owned`
  const hold: Hold = {
    reason: 'DeletionLimit',
    message: `${count} deletions are over the limit (${limit}); \`--allow-deletions ${count}\` lets them happen`,
    until: undefined,
  }
  return findings.map((finding) =>
    removes(finding) > 0 ? { ...finding, holds: [...finding.holds, hold] } : finding,
  )
}
