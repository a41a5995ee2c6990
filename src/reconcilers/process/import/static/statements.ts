import type { ForOfStatement, ForStatement, ModuleDeclaration, Node, Statement } from 'acorn'
import { bind } from './assignment.ts'
import { evaluate } from './evaluate.ts'
import { placeOf, type Reading } from './reading.ts'
import { forgetChanged, mayReturn } from './taint.ts'
import { Scope, type Static, scalar, truth, unknown } from './value.ts'

type Step = Statement | ModuleDeclaration

/** Follows statements in their order; gives what they return, undefined where they return nothing. */
export function runBody(body: readonly Step[], scope: Scope, reading: Reading): Static | undefined {
  for (const step of body) {
    if (step.type === 'FunctionDeclaration' && step.id) {
      scope.declare(step.id.name, { type: 'function', node: step, scope, at: placeOf(step, reading) })
    }
  }
  for (const step of body) {
    const returned = runStep(step, scope, reading)
    if (returned) return returned
  }
  return undefined
}

function runStep(step: Step, scope: Scope, reading: Reading): Static | undefined {
  switch (step.type) {
    case 'VariableDeclaration':
      for (const { id, init } of step.declarations) {
        const value = init ? evaluate(init, scope, reading) : scalar(undefined, placeOf(id, reading))
        bind(id, value, scope, reading)
      }
      return undefined
    case 'ExpressionStatement':
      evaluate(step.expression, scope, reading)
      return undefined
    case 'ReturnStatement':
      return step.argument
        ? evaluate(step.argument, scope, reading)
        : scalar(undefined, placeOf(step, reading))
    case 'BlockStatement':
      return runBody(step.body, new Scope(scope), reading)
    case 'IfStatement': {
      const test = truth(evaluate(step.test, scope, reading))
      if (test === undefined) {
        // Either way may be taken.
        return giveUp(step, scope, reading)
      }
      const chosen = test ? step.consequent : step.alternate
      return chosen ? runStep(chosen, scope, reading) : undefined
    }
    case 'ForOfStatement':
      return runForOf(step, scope, reading)
    case 'ForStatement':
      return runFor(step, scope, reading)
    case 'FunctionDeclaration':
    case 'EmptyStatement':
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportDefaultDeclaration':
    case 'ExportNamedDeclaration':
      return undefined
    default:
      return giveUp(step, scope, reading)
  }
}

/** What is not followed: what it could change is not known any more, nor what the function returns where it may end there. */
function giveUp(step: Step, scope: Scope, reading: Reading): Static | undefined {
  forgetChanged(step, scope, reading)
  return mayReturn(step)
    ? unknown('a choice that depends on where it is run', placeOf(step, reading))
    : undefined
}

function runForOf(loop: ForOfStatement, scope: Scope, reading: Reading): Static | undefined {
  const list = evaluate(loop.right, scope, reading)
  const { left } = loop
  const pattern = left.type === 'VariableDeclaration' ? left.declarations[0]?.id : left
  if (list.type !== 'list' || !pattern || hasJump(loop.body)) {
    return giveUp(loop, scope, reading)
  }
  for (const item of [...list.items]) {
    const inner = new Scope(scope)
    bind(pattern, item, inner, reading)
    const returned = runStep(loop.body, inner, reading)
    if (returned) return returned
  }
  return undefined
}

/** `for (let i = 0; i < n; i++)`, where n is known and small. */
function runFor(loop: ForStatement, scope: Scope, reading: Reading): Static | undefined {
  const counter = counterOf(loop, scope, reading)
  if (!counter || hasJump(loop.body)) {
    return giveUp(loop, scope, reading)
  }
  for (let count = counter.from; count < counter.to; count += 1) {
    const inner = new Scope(scope)
    inner.declare(counter.name, scalar(count, placeOf(loop, reading)))
    const returned = runStep(loop.body, inner, reading)
    if (returned) return returned
  }
  return undefined
}

const mostRounds = 1000

function counterOf(
  { init, test, update }: ForStatement,
  scope: Scope,
  reading: Reading,
): { readonly name: string; readonly from: number; readonly to: number } | undefined {
  const first =
    init?.type === 'VariableDeclaration' && init.declarations.length === 1 ? init.declarations[0] : undefined
  if (first?.id.type !== 'Identifier' || !first.init) return undefined
  if (test?.type !== 'BinaryExpression' || test.left.type !== 'Identifier') return undefined
  if (update?.type !== 'UpdateExpression' || update.operator !== '++') return undefined
  const from = evaluate(first.init, scope, reading)
  const end = evaluate(test.right, scope, reading)
  if (from.type !== 'scalar' || end.type !== 'scalar' || !['<', '<='].includes(test.operator))
    return undefined
  const to = Number(end.value) + (test.operator === '<=' ? 1 : 0)
  const isSmall = to - Number(from.value) <= mostRounds
  return isSmall ? { name: first.id.name, from: Number(from.value), to } : undefined
}

/** `break` and `continue` are not followed. */
function hasJump(node: Node): boolean {
  return /"type":"(?:Break|Continue)Statement"/.test(
    JSON.stringify(node, (key, value) => (key === 'loc' ? undefined : value)),
  )
}
