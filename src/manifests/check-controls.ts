import type { Draft } from './draft.ts'
import { quote } from './excerpt.ts'
import { fieldsIn, schemaAt } from './schema-walk.ts'
import { suggest } from './suggest.ts'
import { parsePointer } from './tree.ts'

/** What the schema cannot say of one resource's common fields. `now` is epoch milliseconds. */
export function checkControls({ resource, faults }: Draft, now: number): void {
  const { suspend, ignore } = resource.controls
  if (suspend?.until !== undefined && suspend.until <= now) {
    faults.add(['spec', 'suspend', 'until'], {
      code: 'suspend-past',
      message: `${resource.id} is not suspended: \`until\` lies in the past`,
      hint: 'Remove `suspend`, or give a later time.',
    })
  }
  for (const [index, pointer] of ignore.entries()) {
    const path = parsePointer(pointer)
    if (schemaAt(resource.kind, ['spec', ...path]).length > 0) continue
    const isDocumentPointer = path[0] === 'spec' && schemaAt(resource.kind, path).length > 0
    const meant = suggest(path[0] ?? '', fieldsIn(schemaAt(resource.kind, ['spec'])))
    faults.add(['spec', 'ignore', String(index)], {
      code: 'ignore-unknown-field',
      message: `The pointer ${quote(pointer)} names no field of a ${resource.kind}`,
      hint: isDocumentPointer
        ? `A pointer starts in \`spec\`: write ${quote(pointer.slice('/spec'.length))}.`
        : meant
          ? `Did you mean \`/${[meant, ...path.slice(1)].join('/')}\`?`
          : undefined,
    })
  }
}
