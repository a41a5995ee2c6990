import type { Store } from '../core/store.ts'
import type { SourceView } from '../reports/source-text.ts'
import { readPin, readSource } from '../state/source.ts'
import type { Workspace } from './workspace.ts'

/** Which repository a fleet follows, as its state knows it; undefined: none. */
export async function sourceViewOf(
  { followed, environment }: Workspace,
  store: Store,
): Promise<SourceView | undefined> {
  const record = followed && (await readSource({ store, environment }))
  return record && { record, pin: await readPin({ store, environment }) }
}
