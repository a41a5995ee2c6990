import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { editScripts } from '../../../src/reconcilers/script-set/package-json/edit-scripts.ts'

const change = (scripts: Readonly<Record<string, string>>) => new Map(Object.entries(scripts))

/** Files as people have them: each edited where `build` is to be `next build`, and nothing else may differ. */
const files: readonly { readonly name: string; readonly before: string; readonly after: string }[] = [
  {
    name: 'two spaces',
    before: '{\n  "scripts": {\n    "build": "old",\n    "x": "y"\n  }\n}\n',
    after: '{\n  "scripts": {\n    "build": "next build",\n    "x": "y"\n  }\n}\n',
  },
  {
    name: 'tabs',
    before: '{\n\t"scripts": {\n\t\t"x": "y"\n\t},\n\t"z": 1\n}\n',
    after: '{\n\t"scripts": {\n\t\t"x": "y",\n\t\t"build": "next build"\n\t},\n\t"z": 1\n}\n',
  },
  {
    name: 'CRLF, and none at the end',
    before: '{\r\n  "scripts": {\r\n    "x": "y"\r\n  }\r\n}',
    after: '{\r\n  "scripts": {\r\n    "x": "y",\r\n    "build": "next build"\r\n  }\r\n}',
  },
  {
    name: 'CRLF, and no scripts yet',
    before: '{\r\n  "name": "x"\r\n}\r\n',
    after: '{\r\n  "name": "x",\r\n  "scripts": {\r\n    "build": "next build"\r\n  }\r\n}\r\n',
  },
  {
    name: 'a byte order mark',
    before: '\uFEFF{ "scripts": { "build": "old" } }\n',
    after: '\uFEFF{ "scripts": { "build": "next build" } }\n',
  },
  {
    name: 'one line without white space',
    before: '{"name":"x","scripts":{"a":"b"}}',
    after: '{"name":"x","scripts":{"a":"b","build":"next build"}}',
  },
  {
    name: 'empty scripts, four spaces',
    before: '{\n    "scripts": {}\n}\n',
    after: '{\n    "scripts": {\n        "build": "next build"\n    }\n}\n',
  },
  {
    name: 'an empty object',
    before: '{}\n',
    after: '{\n  "scripts": {\n    "build": "next build"\n  }\n}\n',
  },
  {
    name: 'numbers and escapes that a serialiser would rewrite',
    before: '{ "v": 1.0e2, "s": "\\u00e9\\/", "scripts" : {"build" : "\\u006fld"} }',
    after: '{ "v": 1.0e2, "s": "\\u00e9\\/", "scripts" : {"build" : "next build"} }',
  },
  {
    name: 'braces, quotes and `scripts` within other texts',
    before: '{"a":"{\\"scripts\\":{","b":{"scripts":{"build":"no"}},"scripts":{"build":"old"}}',
    after: '{"a":"{\\"scripts\\":{","b":{"scripts":{"build":"no"}},"scripts":{"build":"next build"}}',
  },
]

describe('editing package.json', () => {
  it.each(files)('keeps everything else of $name', ({ before, after }) => {
    expect(editScripts(before, change({ build: 'next build' }))).toBe(after)
  })

  it.each([
    ['two `scripts`', '{"scripts":{"a":"b"},"scripts":{"build":"x"}}', '`scripts` stands in it twice'],
    [
      'a script that stands twice',
      '{"scripts":{"build":"a","build":"b"}}',
      'the script `build` stands in it twice',
    ],
    ['scripts that are no object', '{"scripts":["build"]}', '`scripts` is not an object'],
    ['no object at all', '[]', 'it does not hold an object'],
  ])('refuses %s', (_what, text, message) => {
    expect(() => editScripts(text, change({ build: 'x' }))).toThrow(message)
  })

  it('refuses what is not JSON', () => {
    expect(() => editScripts('{"scripts": {', change({ build: 'x' }))).toThrow(SyntaxError)
  })

  test('whatever the file holds, only the declared scripts change, and a second edit changes nothing', () => {
    const scripts = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true })
    const indents = fc.constantFrom(undefined, 1, 2, 4, '\t')
    fc.assert(
      fc.property(
        fc.object(),
        scripts,
        scripts,
        indents,
        fc.boolean(),
        (rest, own, declared, indent, isDos) => {
          const plain = JSON.stringify({ ...rest, scripts: own }, undefined, indent)
          const text = isDos ? plain.replaceAll('\n', '\r\n') : plain
          const changes = new Map(Object.entries(declared).filter(([name]) => name !== '__proto__'))
          const edited = editScripts(text, changes)
          const value: unknown = JSON.parse(edited)
          expect(value).toEqual(
            JSON.parse(JSON.stringify({ ...rest, scripts: { ...own, ...Object.fromEntries(changes) } })),
          )
          expect(editScripts(edited, changes)).toBe(edited)
          if (isDos) expect(edited.replaceAll('\r\n', '')).not.toContain('\n')
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('two thousand scripts of a file of five megabytes are edited at once, each as if it were alone', () => {
  const names = Array.from({ length: 2_000 }, (_, index) => `script:${index}`)
  const scripts = Object.fromEntries(names.map((name) => [name, 'old']))
  const value = { filler: Array.from({ length: 50_000 }, () => 'x'.repeat(90)), scripts, last: 1 }
  const before = JSON.stringify(value, null, '\t')
  const changed = names.filter((_, index) => index % 2 === 0)
  const added = Array.from({ length: 1_000 }, (_, index) => `new:${index}`)
  const changes = new Map([...changed, ...added].reverse().map((name) => [name, `run ${name}`]))

  const from = performance.now()
  const after = editScripts(before, changes)
  const editing = performance.now() - from
  const expected = { ...value, scripts: { ...scripts, ...Object.fromEntries(changes) } }
  expect(after).toBe(JSON.stringify(expected, null, '\t'))

  // Not a judgement of the machine: one edit of such a file is the measure of all of them.
  const fromOne = performance.now()
  editScripts(before, new Map([['script:0', 'run']]))
  expect(editing).toBeLessThan(20 * (performance.now() - fromOne))
})
