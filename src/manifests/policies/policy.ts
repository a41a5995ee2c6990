import type { Position } from '../../core/diagnostic.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Draft } from '../draft.ts'
import { printable, quote } from '../excerpt.ts'
import type { PolicySpec } from '../policy-spec.generated.ts'
import { positionAt, type Span } from '../source-file.ts'
import { suggest } from '../suggest.ts'
import { placeAt, spanOf } from '../tree.ts'
import type { CelRule } from './cel.ts'
import type { RuleFault } from './rule.ts'
import { findMisnamedField } from './rule-fields.ts'
import { placeInScalar } from './rule-place.ts'

/** A valid Policy. */
export interface Policy {
  readonly id: ResourceId
  readonly spec: PolicySpec
  readonly severity: 'warn' | 'deny'
  readonly rule: CelRule
  /** Where the rule stands. */
  readonly origin: Position
  /** Where a part of the rule stands. */
  readonly placeOf: (fault: RuleFault) => Position
}

/** What is known beside policies when they are read. */
export interface PolicyContext {
  /** Kinds of resources. */
  readonly kinds: readonly string[]
  /** Names of all environments. */
  readonly environments: readonly string[]
}

/** Policies of valid drafts, their rules compiled; what is wrong with one is added to its draft, and it is left out. */
export async function readPolicies(
  drafts: readonly Draft[],
  context: PolicyContext,
): Promise<readonly Policy[]> {
  if (drafts.length === 0) return []
  // Loaded only where there is a policy: most fleets have none, and every command would start later.
  const { compileRule, isRule } = await import('./cel.ts')
  const read = drafts.map(async (draft): Promise<Policy | undefined> => {
    const { resource, document, faults } = draft
    // Only a valid document becomes a draft.
    const spec = resource.spec as PolicySpec
    checkNames(draft, context)
    const place = placeAt(document.root, ['spec', 'rule'])
    const spanOfFault = (fault: RuleFault): Span =>
      place.tree.type === 'scalar' ? placeInScalar(place.tree, fault) : spanOf(place)
    const made = await compileRule(spec.rule, spec.for)
    const fault = isRule(made) ? findMisnamedField(made.ast, spec.kinds ?? context.kinds) : made
    if (fault)
      faults.addAt(spanOfFault(fault), { code: 'policy-rule', message: fault.message, hint: fault.hint })
    if (!isRule(made) || faults.diagnostics.length > 0) return undefined
    const { file, start } = spanOf(place)
    return Object.freeze({
      id: resource.id,
      spec,
      severity: spec.severity ?? 'deny',
      rule: made,
      origin: positionAt(file, start),
      placeOf: (found: RuleFault) => {
        const span = spanOfFault(found)
        return positionAt(span.file, span.start)
      },
    })
  })
  return (await Promise.all(read)).filter((policy) => policy !== undefined)
}

/** A name that nothing has would leave the policy without effect. */
function checkNames({ resource, faults }: Draft, { kinds, environments }: PolicyContext): void {
  const spec = resource.spec as PolicySpec
  for (const [index, kind] of (spec.kinds ?? []).entries()) {
    if (kinds.includes(kind)) continue
    const meant = suggest(kind, kinds)
    faults.add(['spec', 'kinds', String(index)], {
      code: 'unknown-kind',
      message: `The kind ${quote(kind)} does not exist`,
      hint: meant ? `Did you mean \`${meant}\`?` : `Known kinds: ${kinds.join(', ')}.`,
    })
  }
  for (const [index, name] of (spec.environments ?? []).entries()) {
    if (environments.includes(name)) continue
    const meant = suggest(name, environments)
    const known =
      environments.length > 0
        ? `Known environments: ${environments.map(printable).join(', ')}.`
        : 'There are none.'
    faults.add(['spec', 'environments', String(index)], {
      code: 'policy-environment',
      message: `The environment ${quote(name)} does not exist, and ${resource.id} names it`,
      hint: meant ? `Did you mean \`${meant}\`?` : known,
    })
  }
}
