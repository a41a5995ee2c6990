import { isErrorOf } from '../core/errors.ts'
import type { Store } from '../core/store.ts'
import { Draft } from './draft.ts'
import { EventLog, type NewEvent } from './event-log.ts'
import { scopeOf } from './record-key.ts'

/** A controller writes events at the same time; each try takes the next number anew. */
const mostTries = 10

/** Writes down what a person did beside the controller. Needs no lease, and disturbs nobody who holds it. */
export async function recordOutsideEvent(
  { store, environment }: { readonly store: Store; readonly environment: string | undefined },
  event: NewEvent,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const draft = new Draft(store)
    await new EventLog(store, draft, scopeOf(environment)).add(event)
    try {
      await store.commit(await draft.writes())
      return
    } catch (error) {
      if (!isErrorOf(error, 'ConflictingRevision') || tries === mostTries) throw error
    }
  }
}
