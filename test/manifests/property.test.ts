import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseManifestFile } from '../../src/manifests/manifest-file.ts'
import { parseManifest } from '../../src/manifests/parse.ts'
import { createSourceFile } from '../../src/manifests/source-file.ts'
import { treeValue } from '../../src/manifests/tree.ts'
import { validateDocument } from '../../src/manifests/validate.ts'
import { codesOf, makeFolder, put, read } from './support.ts'

const kinds = ['Process', 'Fleet']

/** Signs that mean something to YAML, so that random texts reach deep into the parser. */
const signs = fc.constantFrom(
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  ': ',
  '- ',
  '? ',
  '&a ',
  '*a',
  '!',
  '!!str ',
  '"',
  "'",
  '|\n',
  '>\n',
  '#',
  '\n',
  '\n  ',
  '---\n',
  '...\n',
  '%YAML 1.2\n',
  '<<: ',
  'a',
  'kind: Process\n',
  'apiVersion: reconcile.dev/v1\n',
  'env:\n',
  ' ',
  '\t',
  '\\x00',
  '\ufeff',
  '\u202e',
  '0',
  '1e9',
  'null',
  '~',
  '@',
  '`',
  '__proto__: ',
)

/** Judges everything that a file can hold, as a reading does. */
async function judge(text: string) {
  const file = await parseManifestFile('/m.yaml', text, kinds)
  const faults = file.documents.flatMap((document) => validateDocument(document.kind, document.root))
  return [...file.diagnostics, ...faults]
}

test('any text is read to an end, and every fault lies inside it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(signs, { maxLength: 200 }).map((all) => all.join('')),
      ),
      async (text) => {
        const lines = text.split('\n').length
        for (const { position, length, excerpt } of await judge(text)) {
          expect(position.line).toBeLessThanOrEqual(lines)
          expect(position.line).toBeGreaterThan(0)
          expect(position.column).toBeGreaterThan(0)
          expect(length).toBeGreaterThan(0)
          expect(excerpt ?? '').not.toMatch(/[\p{Cc}\u202e]/u)
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('any bytes are read to an end', async () => {
  const folder = await makeFolder()
  const property = fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
    await put(`${folder}/manifests/m.yaml`, Buffer.from(bytes))
    expect((await read(folder)).diagnostics.length).toBeGreaterThan(0)
  })
  await fc.assert(property, { numRuns: 200 })
})

test('256 KiB of any repeated signs are refused or read, and end no stack', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(signs, { minLength: 1, maxLength: 4 }).map((all) => all.join('')),
      async (unit) => {
        await judge(unit.repeat(Math.floor((256 * 1024) / unit.length)))
      },
    ),
    { numRuns: 60 },
  )
})

const key = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,10}$/)
  .filter((text) => !/^(?:constructor|prototype|__proto__)$/.test(text))
const text = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter(
    (value) => !/[\p{Cc}\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/u.test(value) && value.isWellFormed(),
  )

test('what YAML writes is read back as it was', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  })).value
  fc.assert(
    fc.property(fc.dictionary(key, value, { minKeys: 1, maxKeys: 5 }), (declared) => {
      const plain = JSON.parse(JSON.stringify(declared))
      const parsed = parseManifest(createSourceFile('/m.yaml', stringify(plain)))
      expect(parsed.diagnostics).toEqual([])
      expect(parsed.documents.map(treeValue)).toEqual([plain])
    }),
  )
})

test('a valid manifest is declared as it was written', async () => {
  const folder = await makeFolder()
  const spec = fc.record(
    {
      script: fc.constantFrom('sleep', './a.mjs'),
      args: fc.array(text, { maxLength: 5 }),
      env: fc.dictionary(
        key,
        text.filter((value) => value.length < 8),
        { maxKeys: 5 },
      ),
      instances: fc.oneof(fc.integer({ min: 1, max: 128 }), fc.constant('max')),
      autorestart: fc.boolean(),
      stopExitCodes: fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 3 }),
      minUptime: fc.integer({ min: 0, max: 1_000_000 }).map((n) => `${n}ms`),
    },
    { requiredKeys: ['script'] },
  )
  const property = fc.asyncProperty(spec, async (declared) => {
    const document = {
      apiVersion: 'reconcile.dev/v1',
      kind: 'Process',
      metadata: { name: 'a' },
      spec: declared,
    }
    await put(`${folder}/manifests/m.yaml`, stringify(document))
    const manifests = await read(folder)
    expect(codesOf(manifests)).toEqual([])
    expect(manifests.resources[0]?.spec).toEqual(JSON.parse(JSON.stringify(declared)))
  })
  await fc.assert(property, { numRuns: 100 })
})
