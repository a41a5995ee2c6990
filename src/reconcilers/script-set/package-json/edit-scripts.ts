import { isDeepStrictEqual } from 'node:util'
import { ReconcileError } from '../../../core/errors.ts'
import { isFields } from '../../../core/fields.ts'
import { locateObject, type Member, type ObjectPlace } from './json-members.ts'
import { splitMark } from './package-file.ts'

/** Used where a file shows no style of its own. */
const usualIndent = '  '

/**
 * Gives the text of a package.json with some scripts changed or added, and every other byte as it was: indentation,
 * order, line breaks, byte order mark. Throws where the text is not one that can be edited without a doubt.
 */
export function editScripts(text: string, changes: ReadonlyMap<string, string>): string {
  const [mark, body] = splitMark(text)
  const before: unknown = JSON.parse(body)
  if (!isFields(before)) throw refusal('it does not hold an object')
  const edited = splice(body, editsOf(body, changes))
  assertOnlyScripts(before, edited, changes)
  return mark + edited
}

/** A stretch of the text, and what stands there afterwards. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** All edits that the changes ask for, each by its place in the text as it is: it is read through once. */
function editsOf(body: string, changes: ReadonlyMap<string, string>): readonly Edit[] {
  const root = locateObject(body)
  if (!root) throw refusal('it does not hold an object')
  const sections = root.members.filter((member) => member.name === 'scripts')
  const [section] = sections
  if (sections.length > 1) throw refusal('`scripts` stands in it twice')
  if (!section) return [insertion(body, root, [['scripts', newSection(body, root, [...changes])]])]
  const scripts = locateObject(body, section.valueStart)
  if (!scripts) throw refusal('`scripts` is not an object')
  if (scripts.members.length === 0)
    return [{ start: scripts.start, end: scripts.end, text: newSection(body, root, [...changes]) }]
  const members = Map.groupBy(scripts.members, ({ name }) => name)
  const replaced: Edit[] = []
  const added: (readonly [string, string])[] = []
  for (const [name, command] of changes) {
    const [member, ...others] = members.get(name) ?? []
    if (others.length > 0) throw refusal(`the script \`${name}\` stands in it twice`)
    const value = JSON.stringify(command)
    if (member) replaced.push({ start: member.valueStart, end: member.valueEnd, text: value })
    else added.push([name, value])
  }
  return added.length === 0 ? replaced : [...replaced, insertion(body, scripts, added)]
}

function splice(body: string, edits: readonly Edit[]): string {
  const pieces: string[] = []
  let at = 0
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
    pieces.push(body.slice(at, start), text)
    at = end
  }
  return pieces.join('') + body.slice(at)
}

/** Adds members after the last one, written as the last one is. Values are JSON. */
function insertion(body: string, object: ObjectPlace, added: readonly (readonly [string, string])[]): Edit {
  const last = object.members.at(-1)
  if (!last) {
    const lineBreak = lineBreakOf(body)
    const entries = added.map(([name, value]) => `${usualIndent}${JSON.stringify(name)}: ${value}`)
    const text = `{${lineBreak}${entries.join(`,${lineBreak}`)}${lineBreak}}`
    return { start: object.start, end: object.end, text }
  }
  const space = body.slice(last.start, last.keyStart)
  const colon = body.slice(last.keyEnd, last.valueStart)
  const text = added.map(([name, value]) => `,${space}${JSON.stringify(name)}${colon}${value}`).join('')
  return { start: last.valueEnd, end: last.valueEnd, text }
}

/** A `scripts` object, indented one step further than the members of the root. */
function newSection(
  body: string,
  root: ObjectPlace,
  scripts: readonly (readonly [string, string])[],
): string {
  const colon = colonOf(body, root.members[0])
  const entries = scripts.map(
    ([name, command]) => `${JSON.stringify(name)}${colon}${JSON.stringify(command)}`,
  )
  const space = root.members[0] ? body.slice(root.members[0].start, root.members[0].keyStart) : '\n  '
  const at = space.lastIndexOf('\n')
  if (at === -1) return `{${space}${entries.join(`,${space}`)}${space}}`
  const indent = space.slice(at + 1)
  const lineBreak = lineBreakOf(body)
  const inner = `${lineBreak}${indent}${indent}`
  return `{${inner}${entries.join(`,${inner}`)}${lineBreak}${indent}}`
}

function colonOf(body: string, member: Member | undefined): string {
  return member ? body.slice(member.keyEnd, member.valueStart) : ': '
}

function lineBreakOf(body: string): string {
  return body.includes('\r\n') ? '\r\n' : '\n'
}

/** Whatever went wrong above, nothing but the declared scripts may ever change. */
function assertOnlyScripts(
  before: Readonly<Record<string, unknown>>,
  edited: string,
  changes: ReadonlyMap<string, string>,
): void {
  const after: unknown = JSON.parse(edited)
  const scripts = { ...(isFields(before.scripts) ? before.scripts : {}), ...Object.fromEntries(changes) }
  if (isDeepStrictEqual(after, { ...before, scripts })) return
  throw new ReconcileError(
    'Internal',
    'Cannot edit package.json: the edit would change more than its scripts',
  )
}

function refusal(reason: string): ReconcileError {
  return new ReconcileError('FileNotEditable', `Cannot edit package.json: ${reason}`)
}
