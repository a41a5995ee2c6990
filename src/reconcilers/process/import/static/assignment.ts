import type { AssignmentExpression, Expression, Pattern } from 'acorn'
import type { ImportPlace } from '../../../../core/import.ts'
import { fieldOf } from './field.ts'
import { keyOf } from './key.ts'
import { choose, operate } from './operators.ts'
import { placeOf, type Reading } from './reading.ts'
import { type Scope, type Static, scalar, spreadKey, unknown } from './value.ts'

/** Gives the names of a pattern their values. */
export function bind(pattern: Pattern, value: Static, scope: Scope, reading: Reading): void {
  switch (pattern.type) {
    case 'Identifier':
      scope.declare(pattern.name, value)
      return
    case 'AssignmentPattern': {
      const isMissing = value.type === 'scalar' && value.value === undefined
      const otherwise = () => reading.evaluate(pattern.right, scope, reading)
      const given = isMissing
        ? otherwise()
        : value.type === 'variable'
          ? choose('??', value, otherwise)
          : value
      bind(pattern.left, given, scope, reading)
      return
    }
    case 'ObjectPattern': {
      const taken = new Set<string | undefined>()
      for (const property of pattern.properties) {
        const at = placeOf(property, reading)
        if (property.type === 'RestElement') bind(property.argument, restOf(value, taken, at), scope, reading)
        else {
          const key = keyOf(property.key, property.computed, scope, reading)
          taken.add(key)
          const field = key === undefined ? unknown('a field', at) : fieldOf(value, key, reading, at)
          bind(property.value, field, scope, reading)
        }
      }
      return
    }
    case 'ArrayPattern':
      for (const [index, element] of pattern.elements.entries()) {
        if (element === null) continue
        if (element.type === 'RestElement') {
          const rest: Static =
            value.type === 'list'
              ? { ...value, items: value.items.slice(index) }
              : unknown('the rest of a list', value.at)
          bind(element.argument, rest, scope, reading)
        } else bind(element, fieldOf(value, String(index), reading, value.at), scope, reading)
      }
      return
    case 'MemberExpression':
      assign(pattern, value, scope, reading)
      return
    default:
      return
  }
}

/** The fields of an object that a pattern did not take one by one; undefined among them: one that has to be run. */
function restOf(value: Static, taken: ReadonlySet<string | undefined>, at: ImportPlace): Static {
  if (value.type !== 'map' || taken.has(undefined)) return unknown('the rest of an object', at)
  return { ...value, entries: new Map([...value.entries].filter(([key]) => !taken.has(key))) }
}

/** What `=`, `+=` or `??=` gives. */
export function assigned(
  { operator, left, right }: AssignmentExpression,
  scope: Scope,
  reading: Reading,
): Static {
  const value = () => reading.evaluate(right, scope, reading)
  if (operator === '=') return value()
  const at = placeOf(right, reading)
  if (left.type !== 'Identifier' && left.type !== 'MemberExpression') return unknown('a value', at)
  const before = reading.evaluate(left, scope, reading)
  const plain = operator.slice(0, -1)
  return plain === '||' || plain === '&&' || plain === '??'
    ? choose(plain, before, value)
    : operate(plain, before, value(), at)
}

/** `delete object.field`. */
export function remove(target: Expression, scope: Scope, reading: Reading): Static {
  const at = placeOf(target, reading)
  if (target.type !== 'MemberExpression') return scalar(true, at)
  const object = reading.evaluate(target.object, scope, reading)
  const key = keyOf(target.property, target.computed, scope, reading)
  if (object.type === 'map' && key !== undefined) object.entries.delete(key)
  else if (object.type === 'map') object.entries.set(spreadKey, unknown('what is left of an object', at))
  return scalar(true, at)
}

/** `name = value`, `object.field = value`. */
export function assign(target: Pattern, value: Static, scope: Scope, reading: Reading): void {
  if (target.type === 'Identifier') scope.assign(target.name, value)
  else if (target.type === 'MemberExpression') {
    const object = reading.evaluate(target.object, scope, reading)
    const key = keyOf(target.property, target.computed, scope, reading)
    if (object.type === 'map') object.entries.set(key ?? spreadKey, value)
    else if (object.type === 'list' && key !== undefined && /^\d{1,4}$/.test(key))
      object.items[Number(key)] = value
  } else bind(target, value, scope, reading)
}
