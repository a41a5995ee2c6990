import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, isSameJson } from '../../src/engine/canonical.ts'

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.constantFrom(null, undefined, true, 0, 1, '', 'a'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('value'), { maxKeys: 2 }),
  ),
})).value

test('two values are the same exactly where their canonical texts are', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(isSameJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b))
      expect(isSameJson(a, structuredClone(a))).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

test('the order of keys and what is undefined do not count', () => {
  expect(isSameJson({ a: 1, b: [2] }, { b: [2], a: 1, c: undefined })).toBe(true)
  expect(isSameJson({ a: 1 }, { b: 1 })).toBe(false)
  expect(isSameJson({ a: null }, { a: undefined, b: 1 })).toBe(false)
})
