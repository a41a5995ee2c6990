import { expect, test } from 'vitest'
import { check, makeFolder, placesOf, processOf } from './support.ts'

const nested = (depth: number) =>
  Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:`).join('\n')
const bomb = Array.from(
  { length: 20 },
  (_, n) => `a${n}: &a${n} [${n ? `*a${n - 1}, *a${n - 1}` : 'x'}]`,
).join('\n')

/** What it is, why it is refused, its bytes, and the diagnostic with its line and column. */
const table: readonly (readonly [string, string, string | Buffer, string])[] = [
  ['an alias bomb', 'it expands to a million values', bomb, 'yaml-too-many-aliases m.yaml:1:1'],
  [
    '51 aliases',
    'a manifest needs none',
    `a: &a x\nb: [${'*a, '.repeat(51)}]`,
    'yaml-too-many-aliases m.yaml:2:205',
  ],
  ['an alias cycle', 'it never ends', 'a: &x [*x]', 'yaml-alias m.yaml:1:8'],
  ['an alias of nothing', 'it stands for nothing', 'a: *x', 'yaml-alias m.yaml:1:4'],
  ['a duplicate key', 'one of the two is lost', 'a: 1\nb: 2\na: 3', 'yaml-duplicate-key m.yaml:3:1'],
  ['a tab as indentation', 'YAML forbids it', 'a:\n\t- b', 'yaml-syntax m.yaml:2:1'],
  ['open quotes', 'the rest of the file is swallowed', 'a: 1\nb: "x\nc: 2', 'yaml-syntax m.yaml:2:4'],
  ['an open bracket', 'the rest of the file is swallowed', 'a: [1, 2', 'yaml-syntax m.yaml:1:8'],
  ['deep blocks', 'readers recurse', nested(60), 'yaml-too-deep m.yaml:51:52'],
  ['deep lists in one line', 'readers recurse', `${'- '.repeat(60)}a`, 'yaml-too-deep m.yaml:1:101'],
  [
    'deep brackets',
    'a parser ends its stack (CVE-2026-33532)',
    '['.repeat(2000),
    'yaml-too-deep m.yaml:1:51',
  ],
  [
    '2,001 keys',
    'some checks compare each with each',
    'a: b\n'.repeat(2001),
    'yaml-too-many-keys m.yaml:2001:2',
  ],
  [
    '40,000 keys',
    'they block a parser for 12 s',
    Array.from({ length: 20_000 }, (_, n) => `k${n}: 1`).join('\n'),
    'yaml-too-many-keys m.yaml:2001:6',
  ],
  ['30,000 values', 'no manifest has them', `a: [${'1, '.repeat(30_000)}]`, 'file-too-large m.yaml:1:59999'],
  ['more than 256 KiB', 'no manifest has them', `a: ${'x'.repeat(256 * 1024)}`, 'file-too-large m.yaml:1:1'],
  ['NUL', 'C programs end a text there', 'a: 1\0', 'control-character m.yaml:1:5'],
  ['an escaped NUL', 'C programs end a text there', 'a: "\\0"', 'control-character m.yaml:1:4'],
  ['ESC', 'a terminal obeys it (CVE-2021-25743)', 'a: \x1b[2J', 'control-character m.yaml:1:4'],
  ['an escaped ESC in a key', 'a terminal obeys it', '"\\x1b[2J": 1', 'control-character m.yaml:1:1'],
  ['a lone carriage return', 'it hides the line on a terminal', 'a: 1\rb: 2', 'control-character m.yaml:1:5'],
  ['a change of direction', 'people see another text', 'a: \u202ex', 'control-character m.yaml:1:4'],
  ['half of a surrogate pair', 'it is no text', 'a: "\\ud800"', 'control-character m.yaml:1:4'],
  ['an unknown tag', 'the parser only warns', 'a: !env KEY', 'yaml-tag m.yaml:1:4'],
  ['a binary value', 'no field takes one', 'a: !!binary aGk=', 'yaml-tag m.yaml:1:13'],
  ['__proto__', 'Object.assign swaps the prototype', '__proto__: { a: 1 }', 'yaml-forbidden-key m.yaml:1:1'],
  [
    'constructor',
    'it reaches Object (CVE-2025-64718)',
    'a: { constructor: 1 }',
    'yaml-forbidden-key m.yaml:1:6',
  ],
  ['prototype', 'it reaches Object', 'a:\n  prototype: 1', 'yaml-forbidden-key m.yaml:2:3'],
  ['a merge key', 'YAML 1.2 has none', 'a: { <<: 1 }', 'yaml-merge-key m.yaml:1:6'],
  ['a list as key', 'it becomes a text', '[a]: b', 'yaml-key-not-text m.yaml:1:1'],
  ['YAML 1.1', '`no` is false there', '%YAML 1.1\n---\na: no', 'yaml-version m.yaml:1:1'],
  ['0777', 'octal for one reader, 777 for another', 'a: 0777', 'yaml-ambiguous-number m.yaml:1:4'],
  [
    'a number of 20 digits',
    'it loses its last digits',
    'a: 12345678901234567890',
    'yaml-ambiguous-number m.yaml:1:4',
  ],
  ['infinity', 'JSON has none', 'a: .inf', 'yaml-ambiguous-number m.yaml:1:4'],
  ['an unquoted colon', 'it is a mapping in a value', 'a: b: c', 'yaml-syntax m.yaml:1:4'],
  ['an unquoted backtick', 'YAML reserves it', 'a: `date`', 'yaml-syntax m.yaml:1:4'],
  ['an unknown escape', 'it means nothing', 'a: "\\d"', 'yaml-syntax m.yaml:1:5'],
  ['Latin 1', 'letters would become U+FFFD', Buffer.from('a: 1\nb: \xe9', 'latin1'), 'not-utf8 m.yaml:2:4'],
  ['UTF-16', 'it is not UTF-8', Buffer.from('\ufeffa: 1', 'utf16le'), 'not-utf8 m.yaml:1:1'],
  ['an empty file', 'perhaps a save was lost', '', 'empty-file m.yaml:1:1'],
  ['nothing but comments', 'perhaps they were to be removed', '# a: 1\n', 'empty-file m.yaml:1:1'],
  ['a list', 'a document is a mapping', '- a\n- b', 'not-a-resource m.yaml:1:1'],
  ['a text', 'a document is a mapping', 'hello', 'not-a-resource m.yaml:1:1'],
  [
    'a Deployment',
    'it belongs to Kubernetes',
    'apiVersion: apps/v1\nkind: Deployment',
    'other-program m.yaml:1:13',
  ],
  ['a compose file', 'it belongs to Docker', 'services: {}\n', 'other-program m.yaml:1:1'],
  [
    'a later version',
    'we do not know it',
    'apiVersion: reconcile.dev/v2\nkind: Process',
    'wrong-value m.yaml:1:13',
  ],
  ['no kind', 'nobody can tell what it is', 'apiVersion: reconcile.dev/v1', 'missing-field m.yaml:1:1'],
  [
    'a misspelt kind',
    'nobody can tell what it is',
    'apiVersion: reconcile.dev/v1\nkind: Proces',
    'unknown-kind m.yaml:2:7',
  ],
]

test.each(table)('refuses %s, because %s', async (_what, _reason, content, place) => {
  const folder = await makeFolder({ 'manifests/m.yaml': content, 'manifests/ok.yaml': processOf('ok') })
  const result = await check(folder)
  // Most of these are not documents of ours either, which is told beside.
  const places = placesOf(result, `${folder}/manifests`).filter(
    (each) => each === place || !each.startsWith('other-program'),
  )
  expect(places).toEqual([place])
  expect(result.summary.resources).toBe(1)
})

const accepted: readonly (readonly [string, string | Buffer])[] = [
  ['a byte order mark', `\ufeff${processOf('a')}`],
  ['CRLF', processOf('a').replaceAll('\n', '\r\n')],
  ['several documents', `${processOf('a')}---\n${processOf('b')}---\n`],
  ['an anchor used twice', processOf('a', 'args: [&x one, *x]')],
  ['brackets inside a text', processOf('a', `args: ["${'['.repeat(200)}"]`)],
  [
    'colons inside a block text',
    processOf('a', 'args:', '  - |', ...Array.from({ length: 2100 }, () => '    a: b')),
  ],
  ['words that YAML 1.1 took for booleans', processOf('a', 'args: [no, on, yes, off]')],
  ['an escaped ESC in a value', processOf('a', 'args: ["\\x1b[1m"]')],
  ['text in other scripts', processOf('a', 'args: ["日本語", "שלום", "é"]')],
]

test.each(accepted)('accepts %s', async (_what, content) => {
  const folder = await makeFolder({ 'manifests/m.yaml': content })
  expect((await check(folder)).diagnostics).toEqual([])
})

test('tells all faults of all files in one run', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': 'a: [',
    'manifests/b.yaml': `${processOf('b', 'mode: clustr', 'dependsOn: [Process/x]')}---\na: "\n`,
    'manifests/sub/c.yml': 'apiVersion: v1\nkind: Pod\n',
  })
  expect(placesOf(await check(folder), `${folder}/manifests`)).toEqual([
    'yaml-syntax a.yaml:1:4',
    'wrong-value b.yaml:6:9',
    'unknown-reference b.yaml:7:15',
    'yaml-syntax b.yaml:9:4',
    'other-program sub/c.yml:1:13',
  ])
})
