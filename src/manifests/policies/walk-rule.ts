import type { ASTNode } from '@marcbachmann/cel-js'

/** Visits every part of a rule, from the outside inwards. */
export function walkRule(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node)
  const below = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) below(item)
    else if (isNode(value)) walkRule(value, visit)
  }
  below(node.args)
}

/** Whether a value is a part of a rule. */
export function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
