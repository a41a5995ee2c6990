import type { Call, KnownWord } from '../shell/call.ts'
import { readOptions } from '../shell/option-words.ts'
import { handOn, handSources, nothing, type Rule } from './understanding.ts'

const isAssignment = (word: KnownWord) => word === undefined || /^[A-Za-z_][A-Za-z0-9_]*=/.test(word)

/** Skips options and assignments, and hands on the rest. */
export function wrapperRule(
  withValue: readonly string[],
  options: { readonly skipsOperands?: number; readonly needsDashes?: boolean } = {},
): Rule {
  return (call) => {
    if (options.needsDashes) {
      const dashes = call.args.indexOf('--')
      return dashes === -1 ? nothing : handOn(call, skipAssignments(call, dashes + 1))
    }
    const start = skipAssignments(call, 0)
    const rest = call.args.slice(start)
    const { operands, afterDashes } = readOptions(rest, { withValue: new Set(withValue) })
    const at = operands[0] ?? afterDashes
    return at === undefined
      ? nothing
      : handOn(call, skipAssignments(call, start + at + (options.skipsOperands ?? 0)))
  }
}

const coverageOptions = ['--reporter', '-r', '--exclude', '-x', '--include', '-n']
const coverageLimits = ['--lines', '--branches', '--functions', '--statements', '--watermarks']
const coverageVerbs: ReadonlySet<string> = new Set(['report', 'check-coverage', 'merge', 'instrument'])

/** nyc and c8: what they hand on, or what they do by themselves with what they measured before. */
export function coverage(withValue: readonly string[]): Rule {
  const all = [...coverageOptions, ...coverageLimits, ...withValue]
  const rule = wrapperRule(all)
  return (call) => {
    const handed = rule(call)
    return handed.calls.some(({ name }) => coverageVerbs.has(name)) ? nothing : handed
  }
}

function skipAssignments(call: Call, from: number): number {
  let at = from
  while (at < call.args.length && isAssignment(call.args[at]) && (call.written[at] ?? '').includes('='))
    at += 1
  return at
}

/** cross-env-shell: its words are one text for a shell. */
export const crossEnvShell: Rule = (call) => {
  const start = skipAssignments(call, 0)
  return handSources(call, [
    call.args.slice(start).every((word) => word !== undefined) ? call.args.slice(start).join(' ') : undefined,
  ])
}

/** `command PROGRAM`, and `command -v` which only asks. */
export const commandBuiltin: Rule = (call) =>
  call.args.some((arg) => arg === '-v' || arg === '-V') ? nothing : handOn(call, 0)

/** shx: the usual commands, which it has within itself. */
export const shx: Rule = (call) => {
  const handed = handOn(call, readOptions(call.args).operands[0])
  return { ...handed, calls: handed.calls.map((inner) => ({ ...inner, isProvided: true })) }
}

/** `eval` and its like: the words are one text for a shell. */
export const evaluated: Rule = (call) =>
  handSources(call, [call.args.every((word) => word !== undefined) ? call.args.join(' ') : undefined])
