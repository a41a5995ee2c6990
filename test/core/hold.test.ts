import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('every reason of a hold is one that the schema of plans allows', () => {
  const reasons = [...textOf('src/core/hold.ts').matchAll(/^\s+\| '(\w+)'$/gm)].map(([, reason]) => reason)
  expect(reasons.length).toBeGreaterThan(10)
  const { properties } = JSON.parse(textOf('schemas/plan.schema.json'))
  const allowed = properties.resources.items.properties.held.items.properties.reason.enum
  expect([...allowed].sort()).toEqual(reasons.sort())
})
