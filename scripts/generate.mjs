// Makes what the schemas and the folders of src/reconcilers imply, so that neither is ever written twice:
//   src/reconcilers/<domain>/spec.generated.ts   the kind's spec as a type          (committed)
//   src/manifests/<kind>-spec.generated.ts       the spec of a kind that is no domain (committed)
//   schemas/editor/*.schema.json                 what editors complete and check by    (committed)
//   src/cli/domains.generated.ts                 kind -> lazy import of its domain  (committed)
//   build/validators.mjs, build/validators.d.mts ajv's validators, compiled ahead   (not committed)
// `--check` writes no committed file: it names those that are not current and ends with 1.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { editorSchemas } from './editor-schemas.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const at = (...parts) => join(root, ...parts)
const schemaBase = 'https://reconcile.dev/schemas/'
const command = 'npm run generate'

/** A fault of the input: one sentence, no stack. */
export class GenerateError extends Error {}

const pascal = (kebab) => kebab.replace(/(^|-)([a-z0-9])/g, (_, __, letter) => letter.toUpperCase())

function readSchemas() {
  const schemas = new Map()
  for (const file of readdirSync(at('schemas')).sort()) {
    if (!file.endsWith('.schema.json')) continue
    const base = file.slice(0, -'.schema.json'.length)
    let schema
    try {
      schema = JSON.parse(readFileSync(at('schemas', file), 'utf8'))
    } catch (error) {
      throw new GenerateError(`schemas/${file} is not JSON: ${error.message}`)
    }
    if (schema.$id !== schemaBase + file) {
      throw new GenerateError(`schemas/${file}: expected $id to be ${schemaBase}${file}, got ${schema.$id}`)
    }
    schemas.set(base, schema)
  }
  return schemas
}

/** Schemas of manifests are those that fix a `kind`; plan and status describe output. */
function readKinds(schemas) {
  const kinds = new Map()
  for (const [base, schema] of schemas) {
    const kind = schema.properties?.kind?.const
    if (kind === undefined) continue
    if (kind !== pascal(base)) {
      throw new GenerateError(`schemas/${base}.schema.json: expected kind ${pascal(base)}, got ${kind}`)
    }
    kinds.set(base, kind)
  }
  return kinds
}

function readDomains(kinds) {
  const folder = at('src/reconcilers')
  if (!existsSync(folder)) return []
  const domains = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({
      folder: entry.name,
      kind: kinds.get(entry.name),
      hasCode: existsSync(join(folder, entry.name, 'index.ts')),
    }))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1))
  for (const domain of domains) {
    if (domain.hasCode && !domain.kind) {
      throw new GenerateError(
        `src/reconcilers/${domain.folder} has no schemas/${domain.folder}.schema.json: a domain is one folder and one schema`,
      )
    }
  }
  return domains.filter((domain) => domain.kind)
}

// --- types ---------------------------------------------------------------------------------------------------

/** Resolves `$ref` by hand, so that a reference becomes core's `Reference` and the common fields are left out. */
function inline(schema, schemas, home) {
  if (Array.isArray(schema)) return schema.map((item) => inline(item, schemas, home))
  if (schema === null || typeof schema !== 'object') return schema
  const { $ref, unevaluatedProperties, examples, propertyNames, ...own } = schema
  if ($ref === undefined) {
    const copy = Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, inline(value, schemas, home)]),
    )
    if (copy.type === 'object' && copy.properties && copy.additionalProperties === undefined) {
      copy.additionalProperties = false
    }
    return copy
  }
  const [file, pointer] = $ref.split('#')
  const base = file === '' ? home : file.replace(/\.schema\.json$/, '')
  const name = pointer.replace('/$defs/', '')
  if (base === 'common' && name === 'reference') {
    return { ...(own.description ? { description: own.description } : {}), tsType: 'Reference' }
  }
  if (base === 'common' && name === 'controls') return inline(own, schemas, home)
  const target = schemas.get(base)?.$defs?.[name]
  if (!target) throw new GenerateError(`schemas/${home}.schema.json: $ref ${$ref} leads nowhere`)
  return { ...inline(target, schemas, base), ...inline(own, schemas, home) }
}

async function specType(base, kind, schemas) {
  const { compile } = await import('json-schema-to-typescript')
  const schema = schemas.get(base)
  const spec = schema.properties.spec
  if (!spec) throw new GenerateError(`schemas/${base}.schema.json has no spec`)
  const { title, ...body } = inline(spec, schemas, base)
  const text = await compile({ type: 'object', ...body }, `${kind}Spec`, {
    bannerComment: '',
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { semi: false, singleQuote: true, printWidth: 110 },
  })
  const readonly = text.replace(/^(\s+)((?:[\w$]+|'[^']+')\??:|\[k: string\]:)/gm, '$1readonly $2')
  const core = existsSync(at('src/reconcilers', base)) ? '../../core' : '../core'
  const imports = /\bReference\b/.test(text.replace(/\/\*[\s\S]*?\*\//g, ''))
    ? `import type { Reference } from '${core}/secret.ts'\n\n`
    : ''
  return `// Made from schemas/${base}.schema.json by \`${command}\`. Do not edit.\n${imports}${readonly}`
}

function domainsModule(domains) {
  const lines = domains
    .filter((domain) => domain.hasCode)
    .map(
      (domain) =>
        `  ${domain.kind}: () => import('../reconcilers/${domain.folder}/index.ts').then((m) => m.reconciler),`,
    )
  return [
    `// Made from the folders of src/reconcilers by \`${command}\`. Do not edit.`,
    "import type { AnyReconciler } from '../core/reconciler.ts'",
    '',
    '/** Every domain by its kind, loaded when it is first asked for. */',
    'export const domains: Readonly<Record<string, () => Promise<AnyReconciler>>> = Object.freeze({',
    ...lines,
    '})',
    '',
  ].join('\n')
}

// --- validators ----------------------------------------------------------------------------------------------

/** Draft 2020-12, with the formats that schemas use. `x-` words are notes to ourselves. */
async function validatorsModule(schemas, kinds) {
  const { default: Ajv2020 } = await import('ajv/dist/2020.js')
  const { default: addFormats } = await import('ajv-formats')
  const { default: standaloneCode } = await import('ajv/dist/standalone/index.js')
  const { build } = await import('esbuild')
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allErrors: true,
    verbose: false,
    // What we say of a fault we say ourselves, and what many fields refer to is compiled once: half of the text.
    messages: false,
    inlineRefs: false,
    code: { source: true, lines: false },
  })
  addFormats(ajv, ['date-time'])
  for (const word of notesIn([...schemas.values()])) ajv.addKeyword(word)
  const used = [...schemas].filter(([base]) => base === 'common' || kinds.has(base))
  const codes = new Map()
  try {
    for (const [, schema] of used) ajv.addSchema(schema)
    for (const [base, kind] of kinds) {
      codes.set(`validate-${kind}`, standaloneCode(ajv, { [kind]: `${schemaBase}${base}.schema.json` }))
    }
  } catch (error) {
    throw new GenerateError(`The schemas could not be compiled: ${error.message}`)
  }
  const names = [...kinds.values()].sort()
  // Each is made when it is asked for first: a program that judges processes needs no more than that of processes.
  const entry = [
    `function lazily(makers) {
  const all = {}
  for (const [name, make] of Object.entries(makers)) {
    let made
    Object.defineProperty(all, name, { enumerable: true, get: () => (made ??= make()) })
  }
  return Object.freeze(all)
}`,
    `export const validators = lazily({`,
    ...names.map((kind) => `  ${kind}: () => require('validate-${kind}').${kind},`),
    `})`,
    `export const schemas = lazily({`,
    ...used.map(([, schema]) => {
      const text = JSON.stringify(JSON.stringify(schema))
      return `  ${JSON.stringify(schema.$id)}: () => JSON.parse(${text}),`
    }),
    `})`,
  ].join('\n')
  const bundled = await build({
    stdin: { contents: entry, resolveDir: root, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Nobody reads it, V8 holds on to its text, and a third of that was the names that ajv gave.
    minifyIdentifiers: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [
      {
        name: 'validators',
        setup(bundle) {
          bundle.onResolve({ filter: /^validate-/ }, ({ path }) => ({ path, namespace: 'validators' }))
          bundle.onLoad({ filter: /.*/, namespace: 'validators' }, ({ path }) => ({
            contents: codes.get(path),
            resolveDir: root,
            loader: 'js',
          }))
        },
      },
    ],
  })
  return bundled.outputFiles[0].text
}

function notesIn(value, found = new Set()) {
  if (value === null || typeof value !== 'object') return found
  for (const [key, child] of Object.entries(value)) {
    if (key.startsWith('x-')) found.add(key)
    notesIn(child, found)
  }
  return found
}

const validatorsTypes = `/** One validator a kind, compiled by ajv from schemas/. Errors of the last call stand in its errors. */
export declare const validators: Readonly<Record<string, Validator>>
/** The schemas that the validators were made from, by their $id. */
export declare const schemas: Readonly<Record<string, SchemaNode>>

export interface Validator {
  (data: unknown): boolean
  errors?: readonly ValidationError[] | null
}

export interface ValidationError {
  readonly keyword: string
  readonly instancePath: string
  readonly schemaPath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly propertyName?: string
}

export type SchemaNode = { readonly [key: string]: unknown }
`

// --- the run -------------------------------------------------------------------------------------------------

function write(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, text)
  renameSync(temporary, path)
}

/** Hash of everything that goes in and of what came out: equal means that there is nothing to do. */
function fingerprint(schemas, domains, outputs) {
  const hash = createHash('sha256')
  hash.update(readFileSync(fileURLToPath(import.meta.url)))
  hash.update(readFileSync(at('scripts/editor-schemas.mjs')))
  hash.update(JSON.stringify([...schemas, domains]))
  for (const path of outputs) hash.update(existsSync(path) ? readFileSync(path) : 'absent').update('\0')
  return hash.digest('hex')
}

/** Makes everything; returns the committed files that are not current (they are written unless `check`). */
export async function generate({ check = false } = {}) {
  const schemas = readSchemas()
  const kinds = readKinds(schemas)
  const domains = readDomains(kinds)
  const committed = new Map([[at('src/cli/domains.generated.ts'), async () => domainsModule(domains)]])
  for (const [base, kind] of kinds) {
    const file = existsSync(at('src/reconcilers', base))
      ? at('src/reconcilers', base, 'spec.generated.ts')
      : at('src/manifests', `${base}-spec.generated.ts`)
    committed.set(file, () => specType(base, kind, schemas))
  }
  for (const [name, schema] of Object.entries(editorSchemas(schemas, kinds))) {
    const text = `${JSON.stringify(schema, null, 1)}\n`
    committed.set(at('schemas/editor', `${name}.schema.json`), async () => text)
  }
  const outputs = [...committed.keys(), at('build/validators.mjs'), at('build/validators.d.mts')]
  const stamp = at('build/generate.stamp')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(schemas, domains, outputs)) return []

  const outdated = []
  for (const [path, make] of committed) {
    const text = await make()
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    outdated.push(relative(root, path))
    if (!check) write(path, text)
  }
  write(at('build/validators.mjs'), await validatorsModule(schemas, kinds))
  write(at('build/validators.d.mts'), validatorsTypes)
  if (!check || outdated.length === 0) write(stamp, fingerprint(schemas, domains, outputs))
  return outdated
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  try {
    const check = process.argv.includes('--check')
    const outdated = await generate({ check })
    for (const file of outdated) {
      console.error(check ? `${file} is not current: run \`${command}\` and commit it` : `made ${file}`)
    }
    if (check && outdated.length > 0) process.exitCode = 1
  } catch (error) {
    if (!(error instanceof GenerateError)) throw error
    console.error(`generate: ${error.message}`)
    process.exitCode = 1
  }
}
