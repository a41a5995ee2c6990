import { isDeepStrictEqual } from 'node:util'
import { ReconcileError } from '../../../core/errors.ts'
import { locateObject, type Member, type ObjectPlace } from './json-members.ts'
import { isObject, splitMark } from './package-file.ts'

/** Used where a file shows no style of its own. */
const usualIndent = '  '

/**
 * Gives the text of a package.json with some scripts changed or added, and every other byte as it was: indentation,
 * order, line breaks, byte order mark. Throws where the text is not one that can be edited without a doubt.
 */
export function editScripts(text: string, changes: ReadonlyMap<string, string>): string {
  const [mark, body] = splitMark(text)
  const before: unknown = JSON.parse(body)
  if (!isObject(before)) throw refusal('it does not hold an object')
  let edited = body
  for (const [name, command] of changes) edited = editOne(edited, name, command)
  assertOnlyScripts(before, edited, changes)
  return mark + edited
}

function editOne(body: string, name: string, command: string): string {
  const root = locateObject(body)
  if (!root) throw refusal('it does not hold an object')
  const sections = root.members.filter((member) => member.name === 'scripts')
  const [section] = sections
  if (sections.length > 1) throw refusal('`scripts` stands in it twice')
  if (!section) return insert(body, root, 'scripts', newSection(body, root, name, command))
  const scripts = locateObject(body, section.valueStart)
  if (!scripts) throw refusal('`scripts` is not an object')
  const found = scripts.members.filter((member) => member.name === name)
  if (found.length > 1) throw refusal(`the script \`${name}\` stands in it twice`)
  const [member] = found
  const value = JSON.stringify(command)
  if (member) return body.slice(0, member.valueStart) + value + body.slice(member.valueEnd)
  if (scripts.members.length > 0) return insert(body, scripts, name, value)
  const filled = newSection(body, root, name, command)
  return body.slice(0, scripts.start) + filled + body.slice(scripts.end)
}

/** Adds a member after the last one, written as the last one is. */
function insert(body: string, object: ObjectPlace, name: string, value: string): string {
  const last = object.members.at(-1)
  const key = JSON.stringify(name)
  if (!last) {
    const lineBreak = lineBreakOf(body)
    return `${body.slice(0, object.start)}{${lineBreak}${usualIndent}${key}: ${value}${lineBreak}}${body.slice(object.end)}`
  }
  const space = body.slice(last.start, last.keyStart)
  const colon = body.slice(last.keyEnd, last.valueStart)
  return `${body.slice(0, last.valueEnd)},${space}${key}${colon}${value}${body.slice(last.valueEnd)}`
}

/** A `scripts` object of one member, indented one step further than the members of the root. */
function newSection(body: string, root: ObjectPlace, name: string, command: string): string {
  const entry = `${JSON.stringify(name)}${colonOf(body, root.members[0])}${JSON.stringify(command)}`
  const space = root.members[0] ? body.slice(root.members[0].start, root.members[0].keyStart) : '\n  '
  const at = space.lastIndexOf('\n')
  if (at === -1) return `{${space}${entry}${space}}`
  const indent = space.slice(at + 1)
  const lineBreak = lineBreakOf(body)
  return `{${lineBreak}${indent}${indent}${entry}${lineBreak}${indent}}`
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
  const scripts = { ...(isObject(before.scripts) ? before.scripts : {}), ...Object.fromEntries(changes) }
  if (isDeepStrictEqual(after, { ...before, scripts })) return
  throw new ReconcileError(
    'Internal',
    'Cannot edit package.json: the edit would change more than its scripts',
  )
}

function refusal(reason: string): ReconcileError {
  return new ReconcileError('FileNotEditable', `Cannot edit package.json: ${reason}`)
}
