import type { Node } from 'acorn'
import { placeOf, type Reading } from './reading.ts'
import { type Scope, spreadKey, unknown } from './value.ts'

/**
 * Makes unknown whatever a piece of code may change that is not followed: names that are assigned, objects that are
 * written into, and lists whose methods are called.
 */
export function forgetChanged(node: Node, scope: Scope, reading: Reading): void {
  const at = placeOf(node, reading)
  for (const name of changedNames(node)) {
    const value = scope.get(name)
    if (!value) continue
    const lost = unknown('something that depends on where it is run', at)
    scope.assign(name, lost)
    // Others may hold the same object under another name.
    if (value.type === 'map') value.entries.set(spreadKey, lost)
    else if (value.type === 'list') value.items.push(lost)
  }
}

/** Whether a function may end in a piece of code; functions that are written in it end by themselves. */
export function mayReturn(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(mayReturn)
  if (!isNode(value) || /Function/.test(value.type)) return false
  if (value.type === 'ReturnStatement') return true
  return Object.entries(value).some(([key, child]) => key !== 'loc' && mayReturn(child))
}

function changedNames(node: Node): ReadonlySet<string> {
  const names = new Set<string>()
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk)
    else if (isNode(value)) {
      const fields = value as Node & Readonly<Record<string, unknown>>
      const target =
        value.type === 'AssignmentExpression'
          ? fields.left
          : value.type === 'UpdateExpression'
            ? fields.argument
            : value.type === 'CallExpression'
              ? fields.callee
              : undefined
      const root = rootName(target)
      if (root !== undefined) names.add(root)
      for (const [key, child] of Object.entries(fields)) if (key !== 'loc') walk(child)
    }
  }
  walk(node)
  return names
}

/** `apps` of `apps[0].env.PORT`. */
function rootName(value: unknown): string | undefined {
  let node = value
  while (isNode(node) && node.type === 'MemberExpression')
    node = (node as Node & { readonly object?: unknown }).object
  return isNode(node) && node.type === 'Identifier'
    ? (node as Node & { readonly name: string }).name
    : undefined
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { readonly type?: unknown }).type === 'string'
  )
}
