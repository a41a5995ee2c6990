import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sanitise, sanitiseJson } from '../../src/reports/sanitise.ts'
import { text } from './arbitraries.ts'
import { expectPrintable } from './printed.ts'

test.each([
  ['colours', 'a\u001b[1;31mb\u001b[0mc', 'abc'],
  ['a cursor that moves up and erases', 'a\u001b[2A\u001b[Kb', 'ab'],
  ['an 8-bit control sequence', 'a\u009b31mb', 'ab'],
  ['a title, ended by BEL', 'a\u001b]0;owned\u0007b', 'ab'],
  ['a link, ended by ST', 'a\u001b]8;;http://x\u001b\\b', 'ab'],
  ['a device control string', 'a\u001bPq#0\u001b\\b', 'ab'],
  ['an escape that never ends', 'a\u001b', 'a'],
  ['an escape that appears when another is taken out', 'a\u001b\u001b[31m[31mb', 'a[31mb'],
  ['a carriage return that overwrites the line', 'ok\rFAILED', 'ok FAILED'],
  ['line breaks that forge a line', 'a\nb\r\nc\u2028d\u0085e', 'a b c d e'],
  ['tabs, backspaces and bells', 'a\tb\bc\u0007d', 'a bcd'],
  ['text that is turned around', 'a\u202egnp.exe\u2066b\u2069', 'agnp.exeb'],
  ['invisible marks', 'a\u200bb\ufeffc\u{e0041}d', 'abcd'],
  ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
  ['nothing of ordinary text', 'Ünïcödé 漢字 👩‍👩‍👧 -> "x"', 'Ünïcödé 漢字 👩‍👩‍👧 -> "x"'],
])('takes out %s', (_, dirty, expected) => {
  expect(sanitise(dirty)).toBe(expected)
})

test('keeps lines where it is asked to, and nothing else', () => {
  expect(sanitise('a\n\u001b[31mb\r\nc\td', { keepLines: true })).toBe('a\nb\nc d')
})

test('leaves nothing that moves, hides or reorders, and a second time changes nothing', () => {
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: 'binary', maxLength: 200 })), (dirty) => {
      const clean = sanitise(dirty)
      expectPrintable(clean)
      expect(clean).not.toContain('\n')
      expect(sanitise(clean)).toBe(clean)
    }),
    { numRuns: 2_000 },
  )
})

test('cleans every text and key in a JSON value and leaves the rest', () => {
  const dirty = { 'a\u001b[1m': ['b\u0007', { c: '\u202ed' }], e: [1, true, null] }
  expect(sanitiseJson<unknown>(dirty)).toEqual({ a: ['b', { c: 'd' }], e: [1, true, null] })
})
