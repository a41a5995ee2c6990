import type { ImportPlace } from '../../../../core/import.ts'
import { type Scalar, type Static, scalar, truth, unknown } from './value.ts'

/** The result of an operator between two values; unknown unless both are known. */
export function operate(operator: string, left: Static, right: Static, at: ImportPlace): Static {
  if (left.type !== 'scalar' || right.type !== 'scalar') {
    const variable = [left, right].find((side) => side.type === 'variable')
    return unknown(
      variable ? `something made of the variable ${variable.name}` : 'something that has to be run',
      at,
    )
  }
  const result = compute(operator, left.value, right.value)
  return result === undefined ? unknown(`the operator ${operator}`, at) : scalar(result, at)
}

function compute(operator: string, a: Scalar, b: Scalar): Scalar {
  const [x, y] = [Number(a), Number(b)]
  switch (operator) {
    case '+':
      return typeof a === 'string' || typeof b === 'string' ? `${a}${b}` : x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '/':
      return x / y
    case '%':
      return x % y
    case '**':
      return x ** y
    case '===':
      return a === b
    case '!==':
      return a !== b
    case '==':
      return a === b || (a ?? undefined) === (b ?? undefined)
    case '!=':
      return a !== b && (a ?? undefined) !== (b ?? undefined)
    case '<':
      return typeof a === 'string' && typeof b === 'string' ? a < b : x < y
    case '>':
      return typeof a === 'string' && typeof b === 'string' ? a > b : x > y
    case '<=':
      return x <= y
    case '>=':
      return x >= y
    default:
      return undefined
  }
}

/** `||`, `&&` and `??`. A variable keeps what is taken where it is not set. */
export function choose(operator: '||' | '&&' | '??', left: Static, right: () => Static): Static {
  if (left.type === 'variable' && operator !== '&&') {
    const otherwise = left.otherwise ? choose(operator, left.otherwise, right) : right()
    return { ...left, otherwise }
  }
  if (operator === '??') {
    if (left.type === 'scalar') return left.value === null || left.value === undefined ? right() : left
    return left
  }
  const isTrue = truth(left)
  if (isTrue === undefined) return unknown('a choice that depends on where it is run', left.at)
  return isTrue === (operator === '&&') ? right() : left
}

/** `!`, `-`, `+`, `typeof`, `void`. */
export function unary(operator: string, value: Static, at: ImportPlace): Static {
  if (operator === 'void') return scalar(undefined, at)
  // `+process.env.PORT`: as text it is read again where it is used.
  if (value.type === 'variable' && operator === '+') return value
  if (operator === '!') {
    const isTrue = truth(value)
    return isTrue === undefined
      ? unknown('a choice that depends on where it is run', at)
      : scalar(!isTrue, at)
  }
  if (value.type !== 'scalar') return unknown('something that has to be run', at)
  if (operator === '-') return scalar(-Number(value.value), at)
  if (operator === '+') return scalar(Number(value.value), at)
  return operator === 'typeof' ? scalar(typeof value.value, at) : unknown('something that has to be run', at)
}
