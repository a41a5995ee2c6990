import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js'
import { parseDuration } from '../../core/duration.ts'
import { parseSize } from '../../core/size.ts'
import { quote } from '../excerpt.ts'
import { suggest } from '../suggest.ts'
import { TooLong, within } from './deadline.ts'
import type { RuleFault, RuleInput, RuleSubject } from './rule.ts'
import { walkRule } from './walk-rule.ts'

/** A rule that may be asked. */
export interface CelRule {
  readonly ast: ASTNode
  /** What it says of each of some things, or why it says nothing. */
  evaluate(inputs: readonly RuleInput[]): readonly (boolean | RuleFault)[]
}

/** How long one evaluation may take, in ms: a thousand times longer than any that is meant. */
const limit = 1000

/** So many evaluations share one watch over the time, which costs more than they do. */
const together = 50

/** After so many evaluations that took too long a rule is not asked again: it must not stop everything else. */
const mostTooLong = 3

/** Far above what a person can read, and far below what takes long to check. */
const bounds = Object.freeze({ maxAstNodes: 2000, maxDepth: 60, maxListElements: 200, maxMapEntries: 200 })

/**
 * What stands behind functions whose own ones will not do: CEL's `matches` of the library can take for ever, and its
 * `duration` knows no days. They bear other names inside, because a function cannot be replaced.
 */
const standIns: Readonly<Record<string, string>> = Object.freeze({
  matches: 'matchesInLinearTime',
  duration: 'durationOfManifests',
})

const variables: Readonly<Record<RuleSubject, readonly string[]>> = Object.freeze({
  resource: ['resource', 'environment', 'fleet', 'now'],
  action: ['action', 'resource', 'environment', 'fleet', 'now'],
  plan: ['plan', 'environment', 'fleet', 'now'],
})

const environments = new Map<RuleSubject, Environment>()

type Patterns = typeof import('./patterns.ts')
let patterns: Patterns | undefined

/** Makes a rule of its text, or says what is wrong with it. */
export async function compileRule(text: string, subject: RuleSubject): Promise<CelRule | RuleFault> {
  const environment = environmentOf(subject)
  try {
    const parsed = environment.parse(text)
    const { ast } = parsed
    // A pattern that stands in the rule itself is judged before anything is.
    const literals: ASTNode[] = []
    let isLooping = false
    walkRule(ast, (node) => {
      isLooping ||= node.op === 'rcall' && loops.has(node.args[0])
      if (node.op !== 'call' && node.op !== 'rcall') return
      const [name] = node.args
      const pattern = node.args.at(-1)
      if (name === 'matches' && Array.isArray(pattern)) literals.push(...pattern.slice(-1))
      const other = Object.hasOwn(standIns, name) ? standIns[name] : undefined
      if (other !== undefined) node.args[0] = other
    })
    if (literals.length > 0) patterns ??= await import('./patterns.ts')
    const broken = literals.find(
      ({ op, args }) => op === 'value' && typeof args === 'string' && !patterns?.isPattern(args),
    )
    if (broken) return faultAt(broken, 'The pattern is none that `matches` takes', patternHint)
    const { valid, type, error } = parsed.check()
    if (!valid) return faultOf(error, { text, subject })
    if (type !== 'bool' && type !== 'dyn') {
      return faultAt(ast, `Expected the rule to be true or false, got ${articled(type ?? 'dyn')}`, undefined)
    }
    let tooLong = 0
    const endless = faultAt(
      ast,
      `The rule takes longer than ${limit / 1000} s`,
      'Nest fewer loops in each other.',
    )
    const ask = (input: RuleInput): boolean | RuleFault => {
      try {
        const value: unknown = parsed(input)
        if (typeof value === 'boolean') return value
        return faultAt(ast, 'Expected the rule to be true or false, got something else', undefined)
      } catch (failure) {
        return faultOf(failure, { text, subject })
      }
    }
    const askInTime = (inputs: readonly RuleInput[]): readonly (boolean | RuleFault)[] => {
      if (tooLong >= mostTooLong) return inputs.map(() => endless)
      try {
        return within(limit, () => inputs.map(ask))
      } catch (failure) {
        if (!(failure instanceof TooLong)) throw failure
        // One of them, or all together on a busy machine: each gets the whole time.
        if (inputs.length > 1) return inputs.flatMap((input) => askInTime([input]))
        tooLong += 1
        return [endless]
      }
    }
    return {
      ast,
      evaluate: (inputs) => (isLooping ? inChunks(inputs, together).flatMap(askInTime) : inputs.map(ask)),
    }
  } catch (error) {
    return faultOf(error, { text, subject })
  }
}

/** Whether a rule could be made. */
export function isRule(made: CelRule | RuleFault): made is CelRule {
  return 'evaluate' in made
}

/** What goes through lists, or binds names: only this can take for ever. */
const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind'])

const patternHint = 'Patterns are those of RE2: no look-around, no back-references.'

function environmentOf(subject: RuleSubject): Environment {
  const known = environments.get(subject)
  if (known) return known
  const texts = 'map<string, string>'
  const made = new Environment({ limits: bounds, homogeneousAggregateLiterals: false })
    .registerVariable('environment', 'string')
    .registerVariable('fleet', 'string')
    .registerVariable('now', 'google.protobuf.Timestamp')
    .registerFunction('byteSize(string): int', (text: string) => {
      const bytes = parseSize(text)
      if (bytes === undefined) throw refusal('byteSize takes a size such as "512M"')
      return BigInt(bytes)
    })
    .registerFunction(`${standIns.duration}(string): google.protobuf.Duration`, (text: string) => {
      const duration = parseDuration(text)
      try {
        return celDuration({ text: duration === undefined ? text : `${duration}ms` })
      } catch {
        throw refusal('duration takes a duration such as "30s"')
      }
    })
    .registerFunction(`string.${standIns.matches}(string): bool`, (text: string, pattern: string) =>
      matches(text, pattern),
    )
    .registerFunction(`${standIns.matches}(string, string): bool`, (text: string, pattern: string) =>
      matches(text, pattern),
    )
  if (subject !== 'plan') {
    made.registerVariable('resource', {
      schema: {
        id: 'string',
        kind: 'string',
        name: 'string',
        labels: texts,
        annotations: texts,
        spec: 'map',
        declared: 'bool',
      },
    })
  }
  const action = {
    verb: 'string',
    type: 'string',
    summary: 'string',
    reason: 'string',
    removes: 'int',
    recovery: 'bool',
    changes: 'list<map>',
  }
  if (subject === 'action') made.registerVariable('action', { schema: action })
  if (subject === 'plan') made.registerVariable('plan', { schema: { actions: 'list<map>' } })
  environments.set(subject, made)
  return made
}

const celDuration = new Environment().registerVariable('text', 'string').parse('duration(text)')

function matches(text: string, pattern: string): boolean {
  if (!patterns) throw new TypeError('Expected patterns to be loaded where a rule has some')
  if (!patterns.isPattern(pattern)) throw refusal('matches takes a pattern of RE2')
  return patterns.isFound(pattern, text)
}

/** What one of our own functions was given and does not take; never names the value. */
function refusal(message: string): EvaluationError {
  return new EvaluationError({ code: 'invalid_argument', message })
}

interface Asked {
  readonly text: string
  readonly subject: RuleSubject
}

/** Codes of the library whose text holds names and types alone; others may repeat values of a manifest. */
const tellable: ReadonlySet<string> = new Set(['division_by_zero', 'numeric_overflow', 'invalid_argument'])

function faultOf(error: unknown, { text, subject }: Asked): RuleFault {
  const whole = { start: 0, end: text.length }
  if (error instanceof ParseError)
    return {
      message: `The rule is no CEL: ${said(error.summary)}`,
      hint: undefined,
      ...(error.range ?? whole),
    }
  if (!(error instanceof EvaluationError) && !(error instanceof CelTypeError)) {
    // Such as a time zone that does not exist: the library lets through what JavaScript throws.
    return {
      message: 'The rule cannot be evaluated',
      hint: 'Look at what it gives to its functions, such as a time zone.',
      ...whole,
    }
  }
  const place = error.range ?? whole
  const name = text.slice(place.start, place.end)
  if (error.code === 'unknown_variable') {
    const known = variables[subject]
    const meant = suggest(name, known)
    return {
      message: `There is no variable ${quote(name)} in a rule for ${subject === 'plan' ? 'plans' : `${subject}s`}`,
      hint: meant ? `Did you mean \`${meant}\`?` : `There are ${known.join(', ')}.`,
      ...place,
    }
  }
  if (error.code === 'no_such_key') {
    const path = text.slice(error.node?.start ?? place.start, place.end)
    const isAskable = error instanceof EvaluationError && /^[\w.]+\.\w+$/.test(path)
    return {
      message: `There is no ${quote(name)}`,
      hint: isAskable ? `Where it may be missing, ask first: \`has(${path}) && ...\`.` : undefined,
      ...place,
    }
  }
  if (error.code === 'no_matching_overload') {
    return {
      message: `The rule cannot be evaluated: ${said(error.summary)}`,
      hint: 'Beside the functions of CEL there is `byteSize`.',
      ...place,
    }
  }
  if (error.code === 'no_such_overload') {
    return {
      message: `The rule cannot be evaluated: ${said(error.summary)}`,
      hint: 'Both sides must be of one type.',
      ...place,
    }
  }
  const why = tellable.has(error.code) ? said(error.summary) : error.code.replaceAll('_', ' ')
  return { message: `The rule cannot be evaluated: ${why}`, hint: undefined, ...place }
}

function faultAt({ start, end }: ASTNode, message: string, hint: string | undefined): RuleFault {
  return { message, hint, start, end }
}

/** In the words of people who know the functions by their names. */
function said(summary: string): string {
  return Object.entries(standIns).reduce((text, [name, other]) => text.replaceAll(other, name), summary)
}

function inChunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}

function articled(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}
