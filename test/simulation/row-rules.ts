import type { Intent } from '../../src/core/intent.ts'
import type { Owned } from '../../src/core/ownership.ts'
import type { StoreWrite } from '../../src/core/store.ts'
import type { Actor } from './actor.ts'
import { written } from './peek.ts'
import type { Setting } from './setting.ts'
import type { RowsBefore } from './shadow.ts'

interface Written {
  readonly row: Owned
  readonly writes: readonly StoreWrite[]
  readonly before: RowsBefore
}

/** What must be so when a row of the inventory is written: it rests on what the thing was when it was read last. */
export function checkRow(setting: Setting, actor: Actor, { row, writes, before }: Written): void {
  if (!row.id.startsWith('Model/')) return
  const { rules, outside } = setting
  const thing = outside.thing(row.externalName)
  const changedAt = outside.changedAt.get(row.externalName) ?? Number.NEGATIVE_INFINITY
  const isSeen = changedAt < (actor.readingBegan.get(row.id) ?? Number.NEGATIVE_INFINITY)
  const old = before.owned.get(row.id)
  const isMoved = [...before.owned.values()].some(({ externalName }) => externalName === row.externalName)
  const isIntended = writes.some(
    ({ type, collection, ...write }) =>
      type === 'put' && collection === 'intent-open' && 'value' in write && isOf(row, write.value),
  )
  if (row.origin === 'created' && !isMoved && !isIntended) {
    rules.check(
      'takes-back-only-what-is-there',
      !isSeen || thing?.mark?.fleet === 'acme',
      () => `${row.id} is taken back, and ${row.externalName} is ${thing ? thing.program : 'not there'}`,
    )
  }
  if (old?.externalName !== row.externalName) return
  const forgotten = Object.entries(old.fields).filter(([path]) => row.fields[path] === undefined)
  const isThere = forgotten.filter(
    ([path, { value }]) => thing?.fields[path.replace('fields.', '')] === value,
  )
  if (forgotten.length === 0) return
  rules.check(
    'forgets-no-field-that-is-there',
    !isSeen || isThere.length === 0,
    () => `${row.id} forgets ${isThere.map(([path]) => path).join(' ')}, which is there`,
  )
}

function isOf(row: Owned, value: Parameters<typeof written>[0]): boolean {
  return written<Intent>(value).id === row.id
}
