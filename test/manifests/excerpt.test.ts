import { expect, test } from 'vitest'
import { excerptOf, quote } from '../../src/manifests/excerpt.ts'
import { createSourceFile } from '../../src/manifests/source-file.ts'

/** The last line of a text with a caret under the word that is marked «so». */
function show(marked: string): string {
  const lines = marked.split('\n')
  const last = lines.at(-1) ?? ''
  const column = last.indexOf('«') + 1
  const length = last.indexOf('»') - column
  const file = createSourceFile('/m.yaml', marked.replace(/[«»]/g, ''))
  const shown = excerptOf(file, { line: lines.length, column, length })
  return `${shown.excerpt}\n${' '.repeat(column - 1)}${'^'.repeat(shown.length)}`
}

test.each([
  ['a plain line', 'spec:\n  mode: «clustr» # why', '  mode: clustr # why\n        ^^^^^^'],
  ['a tab becomes one space', 'a:\t«b»', 'a: b\n   ^'],
  ['a control character is not shown', 'a: \u001b[2J «b»', 'a: ?[2J b\n        ^'],
  ['a value of env', 'env:\n  A: «hunter2»', '  A: ***\n     ^^^'],
  ['the key of a value of env', 'env:\n  «A»: hunter2', '  A: ***\n  ^'],
  ['a line deep inside env', 'env:\n  A: |\n    one\n\n    «two»', '    ***\n    ^^^'],
  ['a list under fromCommand', 'token:\n  fromCommand:\n  - pass\n  - «x»', '  - ***\n    ^^^'],
  [
    'env in one line, before the fault',
    '{ env: { A: "x}y" }, mode: «x» }',
    '{ env: ************, mode: x }\n                           ^',
  ],
  ['env in one line, after the fault', '{ mode: «x», env: { A: b } }', '{ mode: x, env: *** }\n        ^'],
  [
    'JSON',
    '{"env": {"A": "b"}, "mode": «"x"»}',
    '{"env": **********, "mode": "x"}\n                            ^^^',
  ],
  ['a name that tells of a secret', 'password: «hunter2»', 'password: ***\n          ^^^'],
  [
    'a reference shows where it leads',
    'token: { «fromEnv»: NAME }',
    'token: { fromEnv: NAME }\n         ^^^^^^^',
  ],
  ['a token anywhere', '# ghp_abcdefghijklmnop1234\n«x»: ghp_abcdefghijklmnop1234', 'x: ***\n^'],
  [
    'several at once',
    '{ env: { A: b }, token: c, mode: «x» }',
    '{ env: ********, token: ************\n                                 ^^^',
  ],
  ['what is only near env', 'environment: «x»', 'environment: x\n             ^'],
])('%s', (_what, marked, shown) => {
  expect(show(marked)).toBe(shown)
})

test('of a long line its beginning is shown, and nothing where the fault lies beyond', () => {
  const file = createSourceFile('/m.yaml', `a: ${'x '.repeat(200_000)}`)
  expect(excerptOf(file, { line: 1, column: 1, length: 1 }).excerpt).toHaveLength(201)
  expect(excerptOf(file, { line: 1, column: 5000, length: 9 }).excerpt).toBeUndefined()
})

test('a quoted text is short, on one line, and holds no token', () => {
  expect(quote('a\nb\u202e')).toBe('"a?b?"')
  expect(quote('x'.repeat(100))).toBe(`"${'x'.repeat(60)}…"`)
  expect(quote('see ghp_abcdefghijklmnop1234')).toBe('"see ***"')
})
