import type { Diagnostic } from '../core/diagnostic.ts'
import type { Draft } from './draft.ts'
import type { Layered } from './environment.ts'
import { quote } from './excerpt.ts'
import { faultAt } from './fault.ts'
import type { Surroundings } from './references.ts'
import { positionAt } from './source-file.ts'

/** Two documents of one id: the later one is told, and names the place of the first. */
export function findDuplicates(documents: readonly Layered[]): readonly Diagnostic[] {
  const first = new Map<string, Layered>()
  return documents.flatMap((document) => {
    const key = keyOf(document)
    const earlier = first.get(key)
    if (!earlier) {
      first.set(key, document)
      return []
    }
    const { file, line } = positionAt(earlier.file, earlier.head.start)
    return document.kind === 'Fleet'
      ? faultAt(document.head, {
          code: 'duplicate-fleet',
          message: `There is a second Fleet: the first is in ${file}:${line}`,
          hint: 'Keep one.',
        })
      : faultAt(document.head, {
          code: 'duplicate-id',
          message: `${document.id} is declared twice: first in ${file}:${line}`,
          hint: 'Rename or remove one of them.',
        })
  })
}

/** Of two documents of one id the first counts; the other one is told. */
export function firstOfEach(documents: readonly Layered[]): readonly Layered[] {
  const first = new Map<string, Layered>()
  for (const document of documents) if (!first.has(keyOf(document))) first.set(keyOf(document), document)
  return [...first.values()]
}

/** There is one Fleet, whatever it is called. */
function keyOf(document: Layered): string {
  return document.kind === 'Fleet' ? 'Fleet' : document.id
}

/** Two resources that stand for one thing outside: the later one is told. */
export function checkExternalNames(drafts: readonly Draft[], reconcilers: Surroundings['reconcilers']): void {
  const first = new Map<string, Draft>()
  for (const draft of drafts) {
    const reconciler = reconcilers.get(draft.resource.kind)
    if (!reconciler) continue
    const name = reconciler.externalName(draft.resource)
    const key = JSON.stringify([draft.resource.kind, name])
    const earlier = first.get(key)
    if (!earlier) {
      first.set(key, draft)
      continue
    }
    const { file, line } = positionAt(earlier.document.file, earlier.document.head.start)
    draft.faults.diagnostics.push(
      faultAt(draft.document.head, {
        code: 'duplicate-name',
        message: `${draft.resource.id} stands for the same ${quote(name)} as ${earlier.resource.id} in ${file}:${line}`,
        hint: 'Give one of them another `spec.name`, or remove it.',
      }),
    )
  }
}
