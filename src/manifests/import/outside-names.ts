import type { Diagnostic } from '../../core/diagnostic.ts'
import type { AnyReconciler } from '../../core/reconciler.ts'
import type { Draft } from '../draft.ts'
import { quote } from '../excerpt.ts'
import { faultAt } from '../fault.ts'

/**
 * Which of the files that are made stand for something that a manifest stands for already. What was there first keeps
 * the name, whereas `check` names the second one by id, which may be either.
 */
export function takenNames(
  drafts: readonly Draft[],
  ours: ReadonlySet<string>,
  reconcilers: ReadonlyMap<string, AnyReconciler>,
): readonly Diagnostic[] {
  const first = new Map<string, Draft>()
  const isOurs = ({ resource }: Draft) => ours.has(resource.origin.file)
  const faults: Diagnostic[] = []
  for (const draft of [...drafts.filter((each) => !isOurs(each)), ...drafts.filter(isOurs)]) {
    const reconciler = reconcilers.get(draft.resource.kind)
    if (!reconciler) continue
    const name = reconciler.externalName(draft.resource)
    const key = JSON.stringify([draft.resource.kind, name])
    const earlier = first.get(key)
    if (!earlier) first.set(key, draft)
    else if (isOurs(draft)) {
      const { file, line } = earlier.resource.origin
      faults.push(
        faultAt(draft.document.head, {
          code: 'duplicate-name',
          message: `${draft.resource.id} stands for the same ${quote(name)} as ${earlier.resource.id} in ${file}:${line}`,
        }),
      )
    }
  }
  return faults
}
