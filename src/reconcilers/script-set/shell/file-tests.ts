import { posix } from 'node:path'
import type { CommandNode, PipelineNode, Statement, TestExpression } from 'unbash'
import type { Assurance } from './call.ts'
import { commandName } from './certain-commands.ts'
import { knownValue } from './words.ts'

/** What the result of a command proves about files. */
export interface Proof {
  readonly ifTrue: readonly Assurance[]
  readonly ifFalse: readonly Assurance[]
}

const nothing: Proof = Object.freeze({ ifTrue: [], ifFalse: [] })

/** Questions that only a path which is there answers with yes. */
const asksForFile: ReadonlySet<string> = new Set([
  '-e',
  '-f',
  '-d',
  '-r',
  '-w',
  '-x',
  '-s',
  '-L',
  '-h',
  '-p',
  '-S',
])

/** What `test`, `[` and `[[` prove of the paths that they ask for; of all else nothing is proven. */
export function proofOf(
  node: Statement['command'] | PipelineNode | CommandNode,
  folder: string | undefined,
): Proof {
  if (folder === undefined) return nothing
  if (node.type === 'TestCommand') return proofOfExpression(node.expression, folder)
  if (node.type === 'Pipeline') {
    const [only, ...more] = node.commands
    if (!only || more.length > 0) return nothing
    const isNegated = node.prefixes.filter(({ type }) => type === 'Negation').length % 2 === 1
    return negatedIf(isNegated, proofOf(only, folder))
  }
  if (node.type === 'AndOr') {
    if (node.operators.some((operator) => operator !== '&&')) return nothing
    return { ifTrue: node.commands.flatMap((one) => proofOf(one, folder).ifTrue), ifFalse: [] }
  }
  const name = commandName(node)
  if (node.type !== 'Command' || (name !== 'test' && name !== '[')) return nothing
  const words = node.args.map((arg) => (arg.type === 'Word' ? knownValue(arg) : undefined))
  return proofOfWords(name === '[' ? words.slice(0, -1) : words, folder)
}

/** What a list proves that is the question of an `if`: its last command answers it. */
export function proofOfList(list: readonly Statement[], folder: string | undefined): Proof {
  const last = list.at(-1)
  return last ? proofOf(last.command, folder) : nothing
}

function proofOfWords(words: readonly (string | undefined)[], folder: string): Proof {
  if (words.includes('-o')) return nothing
  const at = words.indexOf('-a')
  if (at > 0) {
    const parts = [words.slice(0, at), words.slice(at + 1)]
    return { ifTrue: parts.flatMap((part) => proofOfWords(part, folder).ifTrue), ifFalse: [] }
  }
  const [first, ...rest] = words
  if (first === '!') return negatedIf(true, proofOfWords(rest, folder))
  const [path, ...more] = rest
  return more.length > 0 ? nothing : proofOfQuestion(first, path, folder)
}

function proofOfExpression(expression: TestExpression, folder: string): Proof {
  switch (expression.type) {
    case 'TestUnary':
      return proofOfQuestion(expression.operator, knownValue(expression.operand), folder)
    case 'TestNot':
      return negatedIf(expression.negations.length % 2 === 1, proofOfExpression(expression.operand, folder))
    case 'TestGroup':
      return proofOfExpression(expression.expression, folder)
    case 'TestLogical': {
      if (expression.operator !== '&&') return nothing
      return {
        ifTrue: expression.operands.flatMap((one) => proofOfExpression(one, folder).ifTrue),
        ifFalse: [],
      }
    }
    case 'TestBinary':
      return nothing
  }
}

function proofOfQuestion(operator: string | undefined, path: string | undefined, folder: string): Proof {
  if (operator === undefined || path === undefined || !asksForFile.has(operator)) return nothing
  return { ifTrue: [{ path: pathIn(folder, path), covers: 'below' }], ifFalse: [] }
}

function negatedIf(isNegated: boolean, proof: Proof): Proof {
  return isNegated ? { ifTrue: proof.ifFalse, ifFalse: proof.ifTrue } : proof
}

/** A path as it is from the package's folder. */
export function pathIn(folder: string, path: string): string {
  return posix.isAbsolute(path) ? posix.normalize(path) : posix.join(folder, path)
}
