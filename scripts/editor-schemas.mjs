// Makes what editors complete and check by, of the schemas of all kinds: one for manifests, one for what environments
// patch. Draft 7, because most of the YAML language servers that people have know no newer one, and without references to
// other files, so that they are found wherever they are copied to.

/** Keywords of a schema that hold schemas by name, one schema, or a list of them. */
const named = new Set(['properties', 'patternProperties', 'definitions'])
const single = new Set(['additionalProperties', 'propertyNames', 'items', 'not', 'if', 'then', 'else'])
const listed = new Set(['allOf', 'anyOf', 'oneOf'])

const overSchemas = (schema, change) =>
  Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (named.has(key))
        return [key, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, change(child)]))]
      if (single.has(key) && value !== null && typeof value === 'object') return [key, change(value)]
      if (listed.has(key)) return [key, value.map(change)]
      return [key, value]
    }),
  )

/**
 * One schema in draft 7. References are replaced by what they lead to, and the fields that a kind shares with others by
 * those themselves: draft 7 ignores what stands beside a reference, and cannot close what is joined by `allOf`.
 */
function plain(schema, context) {
  if (schema === null || typeof schema !== 'object') return schema
  const { $ref, $defs, $id, $schema, title, unevaluatedProperties, ...own } = schema
  let made = own
  if ($ref !== undefined) {
    const [file, pointer] = $ref.split('#')
    const home = file === '' ? context.home : file.replace(/\.schema\.json$/, '')
    const target = pointer
      .split('/')
      .slice(1)
      .reduce((node, segment) => node?.[segment], context.schemas.get(home))
    if (!target) throw new Error(`${$ref} in ${context.home} leads nowhere`)
    made = { ...plain(target, { ...context, home }), ...own }
  }
  if (unevaluatedProperties === false) {
    const joined = (made.allOf ?? [])
      .filter((part) => part.$ref !== undefined)
      .map((part) => plain(part, context))
    const rest = (made.allOf ?? []).filter((part) => part.$ref === undefined)
    const { allOf, ...bare } = made
    made = {
      ...bare,
      properties: Object.assign({}, bare.properties, ...joined.map((part) => part.properties)),
      additionalProperties: false,
      ...(rest.length > 0 && { allOf: rest }),
    }
  }
  const notes = Object.keys(made).filter((key) => key.startsWith('x-'))
  return overSchemas(
    Object.fromEntries(Object.entries(made).filter(([key]) => !notes.includes(key))),
    (child) => plain(child, context),
  )
}

/** As an environment patches it: nothing is required, and `null` removes whatever it stands for. */
function patchOf(schema, isRoot = true) {
  if (schema === null || typeof schema !== 'object') return schema
  const { required, minProperties, dependentRequired, ...open } = schema
  const branches = ['oneOf', 'anyOf'].filter((word) =>
    open[word]?.every((part) => Object.keys(part).every((key) => key === 'required')),
  )
  for (const word of branches) delete open[word]
  const inner = overSchemas(open, (child) => patchOf(child, false))
  // The items of a list replace those of the base one and all.
  if (schema.items) inner.items = schema.items
  return isRoot ? inner : nullable(inner)
}

function nullable(schema) {
  if (schema.const !== undefined) {
    const { const: value, ...rest } = schema
    return { ...rest, enum: [value, null] }
  }
  if (schema.enum) return { ...schema, enum: [...schema.enum, null] }
  const word = ['anyOf', 'oneOf'].find((each) => schema[each])
  const typed = schema.type === undefined ? schema : { ...schema, type: [schema.type, 'null'].flat() }
  return word ? { ...typed, [word]: [...schema[word], { type: 'null' }] } : typed
}

/** Long enough that it is worth a definition where it stands twice. */
const worthSharing = 300

/** What several fields have in common stands once, and they refer to it. */
function shared(root) {
  const counts = new Map()
  const count = (schema) => {
    const text = JSON.stringify(schema)
    counts.set(text, (counts.get(text) ?? 0) + 1)
    overSchemas(schema, (child) => {
      if (child !== null && typeof child === 'object') count(child)
      return child
    })
  }
  count(root)
  const definitions = {}
  const names = new Map()
  const share = (schema, name, isField) => {
    if (schema === null || typeof schema !== 'object') return schema
    const text = JSON.stringify(schema)
    const known = names.get(text)
    if (known) return { $ref: `#/definitions/${known}` }
    const isShared = isField && text.length > worthSharing && counts.get(text) > 1
    const free = (wanted, next = 2) => (wanted in definitions ? free(`${name}${next}`, next + 1) : wanted)
    const own = isShared ? free(name) : undefined
    if (own) {
      names.set(text, own)
      definitions[own] = {}
    }
    const made = Object.fromEntries(
      Object.entries(overSchemas(schema, (child) => share(child, name, false))).map(([key, value]) =>
        named.has(key)
          ? [
              key,
              Object.fromEntries(
                Object.entries(schema[key]).map(([field, child]) => [field, share(child, field, true)]),
              ),
            ]
          : [key, value],
      ),
    )
    if (!own) return made
    definitions[own] = made
    return { $ref: `#/definitions/${own}` }
  }
  const made = share(root, 'root', false)
  return Object.keys(definitions).length > 0 ? { ...made, definitions } : made
}

const byKind = (kinds, schemaOf) =>
  kinds.map(({ kind, schema }) => ({
    if: { properties: { kind: { const: kind } }, required: ['kind'] },
    // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's.
    then: schemaOf(schema, kind),
  }))

/** `schemas`: by file name without its ending; `kinds`: kind by the same. */
export function editorSchemas(schemas, kinds) {
  const all = [...kinds]
    .map(([home, kind]) => ({ kind, schema: plain(schemas.get(home), { schemas, home }) }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1))
  const [first] = all
  const kind = {
    description: all.map((each) => `\`${each.kind}\`: ${each.schema.description}`).join('\n\n'),
    enum: all.map((each) => each.kind),
  }
  const head = (title, description) => ({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title,
    description,
    type: 'object',
  })
  const known = { apiVersion: first.schema.properties.apiVersion, kind }
  return {
    manifest: shared({
      ...head('Manifest', 'A document of a manifest; its kind decides what it holds.'),
      required: ['apiVersion', 'kind'],
      properties: known,
      allOf: byKind(all, (schema) => schema),
    }),
    patch: shared({
      ...head(
        'Patch',
        'What an environment adds to a document of the base, changes in it, or removes with `null`.',
      ),
      required: ['apiVersion', 'kind'],
      properties: known,
      allOf: byKind(all, (schema, name) => {
        const { properties, ...rest } = patchOf(schema)
        const metadata = schema.properties.metadata
        const patched = patchOf(metadata)
        return {
          ...rest,
          ...(name !== 'Fleet' && { required: ['metadata'] }),
          properties: {
            ...schema.properties,
            metadata: {
              ...patched,
              // There is one Fleet, so that its name may be left out.
              ...(name !== 'Fleet' && { required: ['name'] }),
              properties: { ...patched.properties, name: metadata.properties.name },
            },
            spec: patchOf(schema.properties.spec),
            ...(name !== 'Fleet' && {
              $delete: {
                description: 'Drops what the base declares under this kind and name.',
                const: true,
              },
            }),
          },
        }
      }),
    }),
  }
}
