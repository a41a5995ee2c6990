import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readStatically } from '../../../../src/reconcilers/process/import/static/module.ts'
import { SourceError } from '../../../../src/reconcilers/process/import/static/source-error.ts'
import { plainOf, type Static } from '../../../../src/reconcilers/process/import/static/value.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'static-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(text: string, name = 'x.config.cjs'): Promise<Static> {
  const file = join(folder, name)
  await writeFile(file, text)
  return readStatically(file)
}

/** The value of one expression. */
async function staticValueOf(expression: string, before = ''): Promise<Static | undefined> {
  const exported = await read(`${before}\nmodule.exports = { it: ${expression} }\n`)
  return exported.type === 'map' ? exported.entries.get('it') : undefined
}

describe('an expression is known without running it', () => {
  test.each<[string, string, unknown]>([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text.
    ['`a${1 + 1}-${x}`', "const x = 'y'", 'a2-y'],
    ["[...list, 'c'].concat(['d'], 'e')", "const list = ['a', 'b']", ['a', 'b', 'c', 'd', 'e']],
    ["{ ...base, b: 2, ['c' + 1]: 3 }", 'const base = { a: 1, b: 1 }', { a: 1, b: 2, c1: 3 }],
    [
      "['x', 'y'].map((n, i) => ({ name: n, port: 80 + i }))",
      '',
      [
        { name: 'x', port: 80 },
        { name: 'y', port: 81 },
      ],
    ],
    ['[1, 2, 3].filter((n) => n > 1)', '', [2, 3]],
    ['Object.entries({ a: 1 }).map(([k, v]) => k + v)', '', ['a1']],
    ['Object.assign({}, { a: 1 }, { b: 2 })', '', { a: 1, b: 2 }],
    ['Object.assign({}, { a: 1 }, undefined, null)', '', { a: 1 }],
    ['list.map(({ n, ...rest }) => rest)', 'const list = [{ n: 1, a: 2, b: 3 }]', [{ a: 2, b: 3 }]],
    ['rest', 'const [first, ...rest] = [1, 2, 3]', [2, 3]],
    [
      "make('x')",
      'function make(name, port = 80) { const p = port * 2; return { name, p } }',
      { name: 'x', p: 160 },
    ],
    [
      "make({ name: 'x' })",
      'const make = ({ name, rest = [] }) => ({ name, rest })',
      { name: 'x', rest: [] },
    ],
    ["a ?? 'b'", 'const a = null', 'b'],
    ["a || 'b'", "const a = ''", 'b'],
    ["a && 'b'", 'const a = 1', 'b'],
    ["true ? 'yes' : nope()", '', 'yes'],
    ["'A b'.toLowerCase().replace(' ', '-')", '', 'a-b'],
    ['list', 'const list = []; for (const n of [1, 2]) { list.push({ n }) }', [{ n: 1 }, { n: 2 }]],
    ['list', 'const list = []; for (let i = 0; i < 3; i++) list.push(i)', [0, 1, 2]],
    ['list', 'const list = []; [1, 2].forEach((n) => { list.push(n * 10) })', [10, 20]],
    ['conf.apps', 'const conf = {}; conf.apps = [1]; conf.apps.push(2)', [1, 2]],
    ['a', "let a = 'x'; if (1 === 1) { a = 'y' } else { a = 'z' }", 'y'],
    ['JSON.stringify({ a: [1] })', '', '{"a":[1]}'],
    ['-5', '', -5],
    ['undefined', '', undefined],
    ['null', '', null],
  ])('%s', async (expression, before, expected) => {
    const value = await staticValueOf(expression, before)
    expect(value && plainOf(value)).toEqual({ value: expected })
  })

  test('paths are relative to the file', async () => {
    const before = "const path = require('path'); const { join } = require('node:path')"
    const value = await staticValueOf(
      "[__dirname, join(__dirname, '..', 'a'), path.resolve('b'), __filename]",
      before,
    )
    expect(value && plainOf(value)).toEqual({
      value: [folder, join(folder, '../a'), join(folder, 'b'), join(folder, 'x.config.cjs')],
    })
  })

  test('other files are read, and circles end', async () => {
    await writeFile(join(folder, 'base.json'), '{ "memory": "1G" }')
    await writeFile(
      join(folder, 'ring.cjs'),
      "const b = require('./x.config.cjs'); module.exports = { b, c: 1 }",
    )
    const value = await staticValueOf("[require('./base').memory, require('./ring').c]")
    expect(value && plainOf(value)).toEqual({ value: ['1G', 1] })
  })
})

describe('an environment variable is kept as what it is', () => {
  test.each<[string, string, string, unknown]>([
    ['process.env.PORT', '', 'PORT', undefined],
    ["process.env['PORT'] || '3000'", '', 'PORT', '3000'],
    ['process.env.PORT ?? 3000', '', 'PORT', 3000],
    ['Number(process.env.PORT) || 3000', '', 'PORT', 3000],
    ["parseInt(process.env.PORT || '3000', 10)", '', 'PORT', '3000'],
    ['PORT', 'const { PORT = 3000 } = process.env', 'PORT', 3000],
    ['env.PORT || fallback', "const env = process.env; const fallback = 'x'", 'PORT', 'x'],
    ['process.env?.PORT', '', 'PORT', undefined],
  ])('%s', async (expression, before, name, otherwise) => {
    const value = await staticValueOf(expression, before)
    expect(value).toMatchObject({ type: 'variable', name })
    const plain = value?.type === 'variable' && value.otherwise ? plainOf(value.otherwise)?.value : undefined
    expect(plain).toBe(otherwise)
  })
})

/** How a function may end is not known where it depends on what is not. */
const ends: readonly [string, string][] = [
  ['an `if`', "if (process.env.CI) return 'a'; return 'b'"],
  ['both of its branches', "if (process.env.CI) { return 'a' } else { return 'b' }"],
  ['a `switch`', "switch (process.env.SIZE) { case 'big': return 'a'; default: return 'b' }"],
  ['a `try`', "try { return require('./nothing').x } catch { return 'b' }"],
  ['a loop over what is not known', "for (const x of process.argv) { if (x) return 'a' } return 'b'"],
  ['a loop that is not followed', "let i = 0; while (i < 3) { i++; if (i === 2) return 'a' } return 'b'"],
]

describe('what a function returns is unknown where it may end earlier', () => {
  test.each(ends)('in %s', async (_, body) => {
    expect((await staticValueOf('f()', `function f() { ${body} }`))?.type).toBe('unknown')
  })

  test('and known where only an inner function ends there, or where an error would have ended the file', async () => {
    const inner = "function f() { if (process.env.CI) { [1].map(() => { return 'a' }) } return 'b' }"
    expect(await staticValueOf('f()', inner)).toMatchObject({ value: 'b' })
    const strict = "if (!process.env.KEY) throw new Error('KEY is needed')"
    expect(await staticValueOf("'b'", strict)).toMatchObject({ value: 'b' })
  })
})

describe('what is changed is read as it is then', () => {
  test.each<[string, string, unknown]>([
    ['p', 'let p = 80; p++', 81],
    ['[p++, p, --p]', 'let p = 80', [80, 81, 80]],
    ['p', 'let p = 80; p += 2; p *= 2', 164],
    ['p', "let p; p ??= 'x'", 'x'],
    ['o', 'const o = { a: 1, b: 2 }; o.a++; delete o.b', { a: 2 }],
    ['l', 'const l = [{ n: 2 }, { n: 1 }]; l.sort(compare)', [{ n: 2 }, { n: 1 }]],
  ])('%s after %s', async (expression, before, expected) => {
    const value = await staticValueOf(expression, before)
    expect(value && plainOf(value)).toEqual({ value: expected })
  })

  test.each([
    ['l', 'const l = [1, 2]; l.pop()'],
    ['l', 'const l = [3, 1]; l.sort()'],
    ['l', 'const l = [1, 2]; l.splice(0, 1)'],
    ['o', 'const o = { a: 1 }; Object.assign(o, process.env)'],
    ['o.b', 'const o = { a: 1 }; Object.assign(o, load())'],
    ['p', 'let p = load(); p++'],
  ])('%s is not known after %s', async (expression, before) => {
    const value = await staticValueOf(expression, before)
    expect(value && plainOf(value)).toBeUndefined()
  })
})

describe('what has to be run is unknown, and never guessed', () => {
  test.each([
    ["require('fs').readFileSync('x')", ''],
    ["require('child_process').execSync('git rev-parse HEAD').toString()", ''],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text.
    ['`http://localhost:${process.env.PORT}`', ''],
    ["process.env.NODE_ENV === 'production' ? 1 : 2", ''],
    ['Date.now()', ''],
    ['new Date()', ''],
    ['mystery', ''],
    ['a', "let a = 'x'; if (process.env.B) { a = 'y' }"],
    ['list', 'const list = [1]; if (process.env.B) list.push(2)'],
    ['list', 'const list = [1]; while (go()) { list.push(2) }'],
    ['f()', 'function f() { return f() }'],
    ["require('./is-not-there')", ''],
  ])('%s', async (expression, before) => {
    const value = await staticValueOf(expression, before)
    expect(value && plainOf(value)).toBeUndefined()
  })
})

describe('every way to export is read', () => {
  test.each([
    ['x.config.cjs', 'exports.apps = [1]'],
    ['x.config.js', 'export default { apps: [1] }'],
    ['x.config.mjs', "import { resolve } from 'node:path'\nconst apps = [1]\nexport { apps }"],
    ['y.config.mjs', 'export const apps = [1]'],
    ['x.json', '{ "apps": [1] }'],
    ['y.json', '{ // as PM2 takes it\n apps: [1,], }'],
    ['x.yaml', '# comment\napps:\n  - 1\n'],
    ['z.config.js', 'module.exports = { apps: [1] }; return'],
  ])('%s: %s', async (name, text) => {
    expect(plainOf(await read(text, name))).toEqual({ value: { apps: [1] } })
  })

  test('a module knows where it lies', async () => {
    const text = `import { dirname } from 'path'; import { fileURLToPath } from 'url'
      const here = dirname(fileURLToPath(import.meta.url))
      export default { apps: [here, import.meta.dirname, fileURLToPath(new URL('./a.js', import.meta.url))] }`
    expect(plainOf(await read(text, 'w.mjs'))).toEqual({
      value: { apps: [folder, folder, join(folder, 'a.js')] },
    })
  })
})

test.each<[string, string, unknown]>([
  ['one map', 'base: &b { a: 1, b: 2 }\nit: { <<: *b, a: 3 }\n', { a: 3, b: 2 }],
  ['one map after a field', 'base: &b { a: 1, b: 2 }\nit: { a: 3, <<: *b }\n', { a: 3, b: 2 }],
  ['several', 'x: &x { a: 1 }\ny: &y { a: 2, c: 4 }\nit: { <<: [*x, *y], d: 5 }\n', { a: 1, c: 4, d: 5 }],
])('YAML merges %s', async (_, text, expected) => {
  const exported = await read(text, 'x.yaml')
  const it = exported.type === 'map' ? exported.entries.get('it') : undefined
  expect(it && plainOf(it)).toEqual({ value: expected })
})

describe('a fault is named with its place', () => {
  test.each<[string, string, number]>([
    ['x.config.js', 'module.exports = {\n  apps: [\n    { name: "x" \n  ]\n', 4],
    ['x.json', '{\n "apps": [}\n', 2],
    ['x.yaml', 'apps:\n  - name: "x\n', 3],
  ])('%s', async (name, text, line) => {
    await expect(read(text, name)).rejects.toMatchObject({ name: 'SourceError', place: { line } })
  })
})

test('what is nested too deep is a fault', async () => {
  const text = `module.exports = ${'['.repeat(100_000)}`
  await expect(read(text)).rejects.toMatchObject({ name: 'SourceError' })
})

test('nothing is run, however it is written', async () => {
  const mark = join(folder, 'ran')
  const code = `require('fs').writeFileSync(${JSON.stringify(mark)}, '')`
  await read(
    `${code}; (() => { ${code} })(); [1].map(() => ${code}); module.exports = { get apps() { ${code} } }`,
  )
  await expect(rm(mark)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('whatever a file says, reading it ends, with a value or a fault', async () => {
  const piece = fc.constantFrom(
    'module.exports = ',
    'apps',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '...',
    '=>',
    'x',
    'process.env.A',
    '||',
    '??',
    '`${',
    '}`',
    ',',
    ':',
    'const x = ',
    'for (const a of x) ',
    'x.push(x)',
    '"s"',
    '1',
    ';',
    'function x() ',
    'return ',
    'x()',
    '\n',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 25 }), async (pieces) => {
      try {
        const value = await read(pieces.join(' '))
        expect(value.at.file).toContain('x.config.cjs')
      } catch (error) {
        expect(error).toBeInstanceOf(SourceError)
      }
    }),
    { numRuns: 300 },
  )
})
