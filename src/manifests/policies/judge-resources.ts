import { relative } from 'node:path'
import type { Position } from '../../core/diagnostic.ts'
import type { Draft } from '../draft.ts'
import type { Policy } from './policy.ts'
import type { RuleFault } from './rule.ts'
import { isAbout, isInForce, type RuleWorld, resourceInput, worldInput } from './subject.ts'

/** Where something is told from. */
export interface TellingPlace {
  /** Paths are told relative to it. */
  readonly root: string
}

/** Judges each resource by the policies for resources; what one has against it is added to its draft. */
export function judgeResources(
  drafts: readonly Draft[],
  policies: readonly Policy[],
  context: RuleWorld & TellingPlace & { readonly now: number },
): void {
  const mine = policies.filter((policy) => policy.spec.for === 'resource' && isInForce(policy, context))
  if (mine.length === 0) return
  const world = worldInput(context, context.now)
  const subjects = drafts.map((draft) => ({
    draft,
    input: { ...world, resource: resourceInput(draft.resource.id, draft) },
  }))
  for (const policy of mine) {
    const asked = subjects.filter(({ draft }) => isAbout(policy, draft.resource.id, draft))
    const answers = policy.rule.evaluate(asked.map(({ input }) => input))
    for (const [index, { draft }] of asked.entries()) {
      const answer = answers[index]
      if (answer !== undefined && answer !== true) tell(draft, policy, { answer, context })
    }
  }
}

function tell(
  { resource, document, faults }: Draft,
  policy: Policy,
  { answer, context }: { readonly answer: false | RuleFault; readonly context: TellingPlace },
): void {
  const isDenied = policy.severity === 'deny'
  const verb = isDenied ? 'denies' : 'warns of'
  if (answer === false) {
    faults.addAt(document.head, {
      code: isDenied ? 'policy-denied' : 'policy-warned',
      message: `${policy.id} ${verb} ${resource.id}: ${policy.spec.message}`,
      hint: `The rule stands at ${formatPlace(policy.origin, context)}.`,
    })
    return
  }
  const { message, hint } = tellFault(policy, answer, context)
  faults.addAt(document.head, {
    code: isDenied ? 'policy-not-evaluated' : 'policy-warning-not-evaluated',
    message: `${policy.id} ${verb} ${resource.id}, because its rule gives no answer: ${message}`,
    hint,
  })
}

/** Why a rule gives no answer, with the place in it. */
export function tellFault(
  policy: Policy,
  fault: RuleFault,
  context: TellingPlace,
): { readonly message: string; readonly hint: string } {
  const place = `The rule stands at ${formatPlace(policy.placeOf(fault), context)}.`
  return {
    message: lowerFirst(fault.message),
    hint: fault.hint === undefined ? place : `${place} ${fault.hint}`,
  }
}

/** `file:line:column`, the file as people of the fleet would name it. */
function formatPlace({ file, line, column }: Position, { root }: TellingPlace): string {
  return `${relative(root, file)}:${line}:${column}`
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
