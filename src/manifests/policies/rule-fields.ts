import type { ASTNode } from '@marcbachmann/cel-js'
import { quote } from '../excerpt.ts'
import { joinWords } from '../expectation.ts'
import { fieldsIn, schemaAt } from '../schema-walk.ts'
import { suggest } from '../suggest.ts'
import type { RuleFault } from './rule.ts'
import { isNode, walkRule } from './walk-rule.ts'

/**
 * A field of `resource.spec` that none of the kinds has: `!has(resource.spec.maxMemoy) || ...` would be kept by
 * everything for ever.
 */
export function findMisnamedField(ast: ASTNode, kinds: readonly string[]): RuleFault | undefined {
  let found: RuleFault | undefined
  walkRule(ast, (node) => {
    found ??= misnamedIn(node, kinds)
  })
  return found
}

function misnamedIn(node: ASTNode, kinds: readonly string[]): RuleFault | undefined {
  const steps = stepsOf(node)
  if (steps[0]?.name !== 'spec') return undefined
  for (const [index, { name, end }] of steps.entries()) {
    const path = steps.slice(0, index + 1).map((step) => step.name)
    if (kinds.some((kind) => schemaAt(kind, path).length > 0)) continue
    const above = path.slice(0, -1)
    const known = kinds.flatMap((kind) => fieldsIn(schemaAt(kind, above)))
    const meant = suggest(name, known)
    return {
      message: `${joinWords(kinds)} ${kinds.length === 1 ? 'has' : 'have'} no field ${quote(path.join('.'))}`,
      hint: meant ? `Did you mean \`${[...above, meant].join('.')}\`?` : undefined,
      start: end - name.length,
      end,
    }
  }
  return undefined
}

interface Step {
  readonly name: string
  readonly end: number
}

/** What follows on `resource` in a chain of dots; empty: it is no such chain. */
function stepsOf(node: ASTNode): readonly Step[] {
  const steps: Step[] = []
  let at: ASTNode = node
  while (at.op === '.') {
    const [inner, name]: readonly [ASTNode, string] = at.args
    steps.unshift({ name, end: at.end })
    at = inner
  }
  return isNode(at) && at.op === 'id' && at.args === 'resource' ? steps : []
}
