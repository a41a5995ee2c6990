import type { Site } from '../../clients/netlify/client.ts'
import type { Reading } from '../../core/reconciler.ts'
import { readInventoryOf } from './inventory.ts'
import { noMemory } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { type DesiredFunctionSet, siteOf } from './place.ts'
import type { SourceReader } from './source.ts'

type Unreadable = Extract<Reading<never>, { readonly type: 'unreadable' }>

/**
 * What can be said without Netlify: the list of functions is a file here, and is kept in step although the site cannot be
 * read. Where there is nothing to write the site is what counts, and it is unread.
 */
export async function readLocally(
  desired: DesiredFunctionSet,
  { unread, sources }: { readonly unread: Unreadable; readonly sources: SourceReader },
): Promise<Reading<ObservedFunctionSet>> {
  const { ignore, managementPolicy } = desired.controls
  if (desired.spec.inventory === undefined || managementPolicy === 'Observe') return unread
  if (ignore.includes('/inventory')) return unread
  const source = await sources.read(desired)
  if (source.problems.length > 0 || source.functions.length === 0) return unread
  const inventory = await readInventoryOf(desired, source.functions)
  if (!inventory || inventory.found === inventory.wanted) return unread
  return {
    type: 'present',
    value: Object.freeze({
      site: placeholderOf(desired),
      unread: { code: unread.code, message: unread.message },
      published: undefined,
      record: undefined,
      memory: noMemory,
      managed: [],
      source,
      obstacles: undefined,
      env: [],
      verified: [],
      inventory,
    }),
  }
}

function placeholderOf(desired: DesiredFunctionSet): Site {
  const name = siteOf(desired)
  return {
    id: name,
    name,
    url: '',
    adminUrl: '',
    account: '',
    repository: undefined,
    refusesOtherDeploys: false,
    publishedId: undefined,
  }
}
