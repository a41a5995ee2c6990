import { ReconcileError } from '../../core/errors.ts'
import type { EditorPlace } from './place.ts'

const name = 'reconcile manifests'
const component = 'JsonSchemaMappingsProjectConfiguration'

/**
 * The mapping of the manifests folder. It cannot leave a folder out, and of two that fit a file either may win: so all
 * of it follows the schema of environments, which knows every field and demands none.
 */
export function jetbrainsMapping(there: string | undefined, place: EditorPlace): string {
  const schema = place.patchSchema.slice(2)
  const entry = [
    `        <entry key="${name}">`,
    '          <value>',
    '            <SchemaInfo>',
    `              <option name="name" value="${name}" />`,
    `              <option name="relativePathToSchema" value="${escaped(schema)}" />`,
    '              <option name="schemaVersion" value="JSON Schema version 7" />',
    '              <option name="patterns">',
    '                <list>',
    '                  <Item>',
    '                    <option name="directory" value="true" />',
    `                    <option name="path" value="${escaped(place.folder)}" />`,
    '                    <option name="mappingKind" value="Directory" />',
    '                  </Item>',
    '                </list>',
    '              </option>',
    '            </SchemaInfo>',
    '          </value>',
    '        </entry>',
    '',
  ].join('\n')
  const wholeMap = `      <map>\n${entry}      </map>\n`
  const wholeComponent = `  <component name="${component}">\n    <state>\n${wholeMap}    </state>\n  </component>\n`
  if (there === undefined || there.trim() === '') {
    return `<?xml version="1.0" encoding="UTF-8"?>\n<project version="4">\n${wholeComponent}</project>\n`
  }
  // Whatever somebody made of it since is his.
  if (there.includes(`<entry key="${name}">`)) return there
  const start = there.indexOf(`<component name="${component}"`)
  if (start < 0) return insertBefore(there, '</project>', 0, wholeComponent)
  const end = there.indexOf('</component>', start)
  const part = there.slice(start, end < 0 ? start : end)
  if (/<map\s*\/>/.test(part))
    return there.slice(0, start) + part.replace(/[ \t]*<map\s*\/>\n?/, wholeMap) + there.slice(end)
  return insertBefore(there, '</map>', start, entry)
}

/** Puts text on lines of its own before the next occurrence of a tag. */
function insertBefore(text: string, tag: string, from: number, insertion: string): string {
  const at = text.indexOf(tag, from)
  if (at < 0) {
    throw new ReconcileError(
      'UsageInvalid',
      `Cannot add to .idea/jsonSchemas.xml: expected ${tag} in it. Nothing was written`,
      { hint: 'Correct it, or choose the editors with `--editor`.' },
    )
  }
  const line = text.lastIndexOf('\n', at) + 1
  const isOwnLine = text.slice(line, at).trim() === ''
  return isOwnLine
    ? text.slice(0, line) + insertion + text.slice(line)
    : `${text.slice(0, at)}\n${insertion}${text.slice(at)}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
