import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseManifest } from '../../src/manifests/parse.ts'
import { parsePlain } from '../../src/manifests/parse-plain.ts'
import { createSourceFile, type SourceFile } from '../../src/manifests/source-file.ts'
import type { Tree } from '../../src/manifests/tree.ts'

const root = join(import.meta.dirname, '../..')

/** What the parser of all of YAML makes of a text: nothing where it has a fault to tell. */
function parsed(file: SourceFile): readonly Tree[] | undefined {
  const { documents, diagnostics } = parseManifest(file)
  return diagnostics.length === 0 ? documents : undefined
}

/** Whether it is read as plain; it must be the same tree then, with every part at the same place. */
function isReadAlike(text: string): boolean {
  const file = createSourceFile('/m.yaml', text)
  const plain = parsePlain(file)
  if (plain) expect(plain).toEqual(parsed(file))
  return plain !== undefined
}

describe('a text is plain, and read as by the parser of all of YAML', () => {
  test.each([
    ['a mapping', 'a: b\nc:\n  d: 1\n  e: true\n'],
    ['a list at the column of its key', 'a:\n- b\n- c\nd: e\n'],
    ['mappings in a list', 'a:\n  - b: 1\n    c: [2]\n  - b: 2\n'],
    ['collections in a line', 'a: { b: [c, "d e", { f: \'g\' }], h: 3 } # why\n'],
    ['comments', '# first\na: b # c\n\n# second\nd: e#f\n# last\n'],
    ['durations, sizes, addresses and paths', 'a: 1h30m\nb: 512M\nc: http://x:80/y\nd: ../z\n'],
    ['no line break at the end', 'a: b'],
    ['several documents', '---\na: b\n# c\n---\n# d\ne: f\n'],
  ])('%s', (_, text) => {
    expect(isReadAlike(text)).toBe(true)
  })

  test('every manifest of the sample fleet', () => {
    const files = globSync('manifests/**/*.yaml', { cwd: root })
    expect(files.length).toBeGreaterThan(0)
    const plain = files.filter((path) => isReadAlike(readFileSync(join(root, path), 'utf8')))
    expect(plain).toEqual(files)
  })
})

describe('a text is left to the parser of all of YAML', () => {
  test.each([
    ['an empty document', 'a: b\n---\n'],
    ['the end of a document', 'a: b\n...\n'],
    ['a key twice', 'a: b\na: c\n'],
    ['a text over lines', 'a: b\n  c\n'],
    ['a block of text', 'a: |\n  b\n'],
    ['an anchor', 'a: &b c\n'],
    ['a tag', 'a: !b c\n'],
    ['nothing as a value', 'a:\nb: c\n'],
    ['null', 'a: null\n'],
    ['a number that is not a plain integer', 'a: 1.5\n'],
    ['a number with a leading zero', 'a: 007\n'],
    ['an escape', 'a: "\\n"\n'],
    ['a key that is no name', '1: b\n'],
    ['the machinery of an object as a key', '__proto__: b\n'],
    ['a mapping in a value', 'a: b: c\n'],
    ['an indentation that fits nothing', 'a:\n    b: c\n  d: e\n'],
    ['a comment that belongs to what is above it', 'a:\n  b: c\n  # d\n'],
    ['a tab', 'a:\tb\n'],
    ['a control character in a comment', 'a: b # \u0007\n'],
    ['a deep nesting', `a: ${'['.repeat(20)}${']'.repeat(20)}\n`],
    ['a long text', `a: b\n${'# c\n'.repeat(2000)}`],
    ['nothing at all', '# nothing\n'],
  ])('%s', (_, text) => {
    expect(parsePlain(createSourceFile('/m.yaml', text))).toBeUndefined()
  })
})

const signs = fc.constantFrom(
  ...[
    ' ',
    '  ',
    '\n',
    '\n\n',
    '#',
    ' #',
    ': ',
    ':',
    '-',
    '- ',
    '\n- ',
    '{',
    '}',
    '[',
    ']',
    ',',
    ', ',
    '"',
    "'",
  ],
  ...[
    '|',
    '>',
    '&a',
    '*a',
    '!',
    '%',
    '@',
    '?',
    '~',
    'null',
    'true',
    '0',
    '01',
    '1.5',
    'a',
    'b: c',
    '\t',
    '\\',
  ],
  ...[
    '\n  ',
    '\n    x: y',
    '\n---\n',
    '<<',
    'é',
    '=',
    '5m',
    '__proto__',
    '{a: b}',
    '[a, b]',
    '"x"',
    "'y'",
    '\n# c\n',
  ],
)

test('a manifest that was changed at random is read as by the parser of all of YAML, or left to it', () => {
  const texts = globSync(['manifests/**/*.yaml', 'test/**/*.yaml'], { cwd: root })
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .filter((text) => text.length < 1500)
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.nat(3),
    sign: fc.option(signs),
  })
  let plain = 0
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(edit, { maxLength: 4 }), (text, edits) => {
      let changed = text
      for (const { at, drop, sign } of edits) {
        const place = Math.floor(at * changed.length)
        changed = `${changed.slice(0, place)}${sign ?? ''}${changed.slice(place + drop)}`
      }
      if (isReadAlike(changed)) plain += 1
    }),
    { numRuns: 3000 },
  )
  expect(plain).toBeGreaterThan(100)
})
