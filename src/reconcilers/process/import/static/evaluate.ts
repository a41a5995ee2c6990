import { dirname } from 'node:path'
import type {
  AnonymousFunctionDeclaration,
  ArrowFunctionExpression,
  CallExpression,
  Expression,
  FunctionDeclaration,
  FunctionExpression,
  MemberExpression,
  ObjectExpression,
  Pattern,
  SpreadElement,
} from 'acorn'
import type { ImportPlace } from '../../../../core/import.ts'
import { assign, assigned, bind, remove } from './assignment.ts'
import { callBuiltin, urlOf } from './builtin-calls.ts'
import { callMethod, globalNamed } from './builtins.ts'
import { callbackMethod } from './callback-method.ts'
import { fieldOf } from './field.ts'
import { keyOf } from './key.ts'
import { choose, operate, unary } from './operators.ts'
import { type Evaluable, placeOf, type Reading } from './reading.ts'
import { Scope, type Static, scalar, spreadKey, truth, unknown } from './value.ts'

type Callable =
  | ArrowFunctionExpression
  | FunctionExpression
  | FunctionDeclaration
  | AnonymousFunctionDeclaration

/** The value of an expression, as far as it can be known without running it. */
export function evaluate(node: Evaluable, scope: Scope, reading: Reading): Static {
  const at = placeOf(node, reading)
  reading.budget.steps -= 1
  if (reading.budget.steps < 0) return unknown('more than can be followed', at)
  switch (node.type) {
    case 'Literal':
      return isScalar(node.value) ? scalar(node.value, at) : unknown('a regular expression', at)
    case 'TemplateLiteral': {
      const parts = node.expressions.map((part) => evaluate(part, scope, reading))
      if (parts.some((part) => part.type !== 'scalar')) {
        const name = parts.find((part) => part.type === 'variable')
        return unknown(
          name ? `a text made with the variable ${name.name}` : 'a text made of something unknown',
          at,
        )
      }
      const texts = node.quasis.map((quasi, index) => {
        const part = parts[index]
        return `${quasi.value.cooked ?? ''}${part?.type === 'scalar' ? String(part.value) : ''}`
      })
      return scalar(texts.join(''), at)
    }
    case 'Identifier':
      return identifier(node.name, scope, reading, at)
    case 'ArrayExpression':
      return { type: 'list', items: spreadItems(node.elements, scope, reading), at }
    case 'ObjectExpression':
      return objectOf(node, scope, reading)
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return { type: 'function', node, scope, at }
    case 'ParenthesizedExpression':
      return evaluate(node.expression, scope, reading)
    case 'ChainExpression':
      return evaluate(node.expression, scope, reading)
    case 'SequenceExpression':
      return node.expressions.reduce<Static>(
        (_, each) => evaluate(each, scope, reading),
        scalar(undefined, at),
      )
    case 'AwaitExpression':
      return evaluate(node.argument, scope, reading)
    case 'MemberExpression':
      return member(node, scope, reading)
    case 'CallExpression':
      return call(node, scope, reading)
    case 'ConditionalExpression': {
      const test = truth(evaluate(node.test, scope, reading))
      if (test === undefined) return unknown('a choice that depends on where it is run', at)
      return evaluate(test ? node.consequent : node.alternate, scope, reading)
    }
    case 'LogicalExpression': {
      const left = evaluate(node.left, scope, reading)
      return choose(node.operator, left, () => evaluate(node.right, scope, reading))
    }
    case 'BinaryExpression':
      return operate(
        node.operator,
        evaluate(node.left, scope, reading),
        evaluate(node.right, scope, reading),
        at,
      )
    case 'UnaryExpression':
      if (node.operator === 'delete') return remove(node.argument, scope, reading)
      return unary(node.operator, evaluate(node.argument, scope, reading), at)
    case 'AssignmentExpression': {
      const value = assigned(node, scope, reading)
      assign(node.left, value, scope, reading)
      return value
    }
    case 'UpdateExpression': {
      const before = evaluate(node.argument, scope, reading)
      const after = operate(node.operator === '++' ? '+' : '-', before, scalar(1, at), at)
      assign(node.argument as Pattern, after, scope, reading)
      return node.prefix ? after : before
    }
    case 'NewExpression':
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'URL')
        return unknown('an object that has to be run', at)
      return urlOf(
        node.arguments.map((arg) => evaluate(arg, scope, reading)),
        at,
      )
    case 'MetaProperty':
      return { type: 'builtin', name: 'import.meta', at }
    default:
      return unknown('something that has to be run', at)
  }
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function identifier(name: string, scope: Scope, reading: Reading, at: ImportPlace): Static {
  const found = scope.get(name)
  // A value keeps the place where it was written, which is where a person would change it.
  if (found) return found
  if (name === '__dirname') return scalar(dirname(reading.file), at)
  if (name === '__filename') return scalar(reading.file, at)
  return globalNamed(name, at) ?? unknown(`\`${name}\`, which is defined elsewhere`, at)
}

function spreadItems(
  elements: readonly (Expression | SpreadElement | null)[],
  scope: Scope,
  reading: Reading,
): Static[] {
  return elements.flatMap((element) => {
    if (element === null) return []
    if (element.type !== 'SpreadElement') return [evaluate(element, scope, reading)]
    const value = evaluate(element.argument, scope, reading)
    return value.type === 'list'
      ? value.items
      : [unknown('a list that has to be run', placeOf(element, reading))]
  })
}

function objectOf(node: ObjectExpression, scope: Scope, reading: Reading): Static {
  const at = placeOf(node, reading)
  const entries = new Map<string, Static>()
  for (const property of node.properties) {
    if (property.type === 'SpreadElement') {
      const value = evaluate(property.argument, scope, reading)
      if (value.type === 'map') for (const [key, child] of value.entries) entries.set(key, child)
      else if (value.type !== 'scalar') entries.set(spreadKey, value)
      continue
    }
    const key = keyOf(property.key, property.computed, scope, reading)
    if (key === undefined)
      entries.set(spreadKey, unknown('a key that has to be run', placeOf(property, reading)))
    else {
      const value = evaluate(property.value, scope, reading)
      entries.set(
        key,
        property.kind === 'init' ? placed(value, placeOf(property, reading)) : unknown('a getter', at),
      )
    }
  }
  return { type: 'map', entries, at }
}

/** What a property holds stands, for a person, where the property is written. */
function placed(value: Static, at: ImportPlace): Static {
  return value.type === 'scalar' || value.type === 'unknown' ? { ...value, at } : value
}

function member(node: MemberExpression, scope: Scope, reading: Reading): Static {
  const at = placeOf(node, reading)
  const object = evaluate(node.object, scope, reading)
  const key = keyOf(node.property, node.computed, scope, reading)
  return key === undefined
    ? unknown('a field whose name has to be run', at)
    : fieldOf(object, key, reading, at)
}

function call(node: CallExpression, scope: Scope, reading: Reading): Static {
  const at = placeOf(node, reading)
  const args = spreadItems(node.arguments, scope, reading)
  const { callee } = node
  if (callee.type === 'MemberExpression') {
    const object = evaluate(callee.object, scope, reading)
    const name = keyOf(callee.property, callee.computed, scope, reading)
    if (name !== undefined && object.type !== 'builtin') {
      const result =
        callbackMethod(object, name, args, (target, given) => apply(target, given, reading)) ??
        callMethod(object, name, args, at)
      if (result) return result
      const field = fieldOf(object, name, reading, at)
      if (field.type === 'function') return apply(field, args, reading)
      return object.type === 'unknown' ? object : unknown(`a call of ${name}`, at)
    }
  }
  const target = evaluate(callee, scope, reading)
  if (target.type === 'function') return apply(target, args, reading)
  if (target.type === 'builtin') return callBuiltin(target.name, args, reading, at)
  return target.type === 'unknown' ? target : unknown('a call', at)
}

/** The result of a function that is written in the file. */
function apply(
  target: Static & { readonly type: 'function' },
  args: readonly Static[],
  reading: Reading,
): Static {
  const node = target.node as Callable
  const scope = new Scope(target.scope)
  reading.budget.steps -= 10
  if (reading.budget.steps < 0 || reading.budget.depth >= deepestCall) {
    return unknown('more than can be followed', target.at)
  }
  reading.budget.depth += 1
  try {
    return applyBody(node, args, { scope, reading, at: target.at })
  } finally {
    reading.budget.depth -= 1
  }
}

/** Functions that call functions. */
const deepestCall = 50

function applyBody(
  node: Callable,
  args: readonly Static[],
  { scope, reading, at }: { readonly scope: Scope; readonly reading: Reading; readonly at: ImportPlace },
): Static {
  for (const [index, parameter] of node.params.entries()) {
    if (parameter.type === 'RestElement') {
      bind(parameter.argument, { type: 'list', items: args.slice(index), at: at }, scope, reading)
    } else bind(parameter, args[index] ?? scalar(undefined, at), scope, reading)
  }
  if (node.body.type !== 'BlockStatement') return evaluate(node.body, scope, reading)
  return reading.run(node.body.body, scope, reading) ?? scalar(undefined, at)
}
