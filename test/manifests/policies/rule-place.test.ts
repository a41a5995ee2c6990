import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Document, Scalar } from 'yaml'
import { parseManifest } from '../../../src/manifests/parse.ts'
import { placeInScalar } from '../../../src/manifests/policies/rule-place.ts'
import { createSourceFile } from '../../../src/manifests/source-file.ts'
import { childOf, type ScalarTree } from '../../../src/manifests/tree.ts'

/** Undefined where it cannot be read. */
function readScalar(text: string): ScalarTree | undefined {
  const { documents } = parseManifest(createSourceFile('/p.yaml', text))
  const found = childOf(childOf(documents[0], 'spec'), 'rule')
  return found?.type === 'scalar' ? found : undefined
}

function scalarOf(text: string): ScalarTree {
  const found = readScalar(text)
  if (!found) throw new Error(`No scalar in ${text}`)
  return found
}

/** What stands in the file where the part of the rule was found. */
function foundIn(yaml: string, part: string): string {
  const scalar = scalarOf(yaml)
  const start = String(scalar.value).indexOf(part)
  expect(start).toBeGreaterThanOrEqual(0)
  const span = placeInScalar(scalar, { start, end: start + part.length })
  return span.file.text.slice(span.start, span.end)
}

test.each([
  ['a plain text', 'spec:\n  rule: one && two\n'],
  ['a plain text of several lines', 'spec:\n  rule: one &&\n\n    and\n      two\n'],
  ['single quotes', "spec:\n  rule: 'it''s && ''x'' two'\n"],
  ['double quotes with escapes', 'spec: { rule: "\\"a\\" \\u00e9 \\U0001F600 \\x41 \\\\ \\n\\n two" }\n'],
  ['double quotes over lines', 'spec:\n  rule: "one \\\n     and  \n\n    more\n    two"\n'],
  ['a literal block', 'spec:\n  rule: |-\n    -1 < one &&\n      two\n'],
  ['a literal block with its own indentation', 'spec:\n  rule: |2\n      one\n    two\n'],
  ['a folded block', 'spec:\n  rule: >\n    one &&\n    more\n\n    two\n'],
  ['line ends of Windows', 'spec:\r\n  rule: |\r\n    one &&\r\n    two\r\n'],
])('%s', (_, yaml) => {
  expect(foundIn(yaml, 'two')).toBe('two')
})

test('each letter of a rule is found, however the rule is written', () => {
  const letters = fc.string({
    unit: fc.constantFrom(...('ab(){}[]."\'\\&|-=!<>,:# \né😀'.match(/./gsu) ?? [])),
    maxLength: 60,
  })
  const styles = fc.constantFrom(
    Scalar.PLAIN,
    Scalar.QUOTE_SINGLE,
    Scalar.QUOTE_DOUBLE,
    Scalar.BLOCK_LITERAL,
    Scalar.BLOCK_FOLDED,
  )
  fc.assert(
    fc.property(letters, styles, fc.constantFrom(20, 80), (text, style, lineWidth) => {
      const scalar = new Scalar(text)
      scalar.type = style
      const yaml = new Document({ spec: { rule: scalar } }).toString({ lineWidth })
      const tree = readScalar(yaml)
      // Some texts cannot be written in every way, such as those of nothing but white space.
      fc.pre(tree?.value === text)
      if (!tree) return
      for (const [index, letter] of text.split('').entries()) {
        const { start, end } = placeInScalar(tree, { start: index, end: index + 1 })
        expect(start).toBeGreaterThanOrEqual(tree.span.start)
        const there = yaml.slice(start, end)
        // White space may be folded, and what is escaped stands for something else.
        if (/\s/.test(letter) || there === '\\') continue
        expect(there, `${JSON.stringify(text)} at ${index} in\n${yaml}`).toBe(letter)
      }
    }),
    { numRuns: 2000 },
  )
})
