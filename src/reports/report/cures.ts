import { kindOf } from '../../core/resource.ts'
import { type Ailment, type Cure, describe, type Prescribe, type Prescriptions } from './ailment.ts'
import { functionSetCures } from './cures/function-set-cures.ts'
import { processCures } from './cures/process-cures.ts'
import { scriptSetCures } from './cures/script-set-cures.ts'
import { sharedCures } from './cures/shared-cures.ts'
import { workflowCures } from './cures/workflow-cures.ts'

const curesOfKind: Readonly<Record<string, Prescriptions>> = Object.freeze({
  Process: processCures,
  Workflow: workflowCures,
  FunctionSet: functionSetCures,
  ScriptSet: scriptSetCures,
})

/** What is known against a reason in a kind; undefined: it can only be described. */
export function prescriptionFor(kind: string, reason: string): Prescribe | undefined {
  return curesOfKind[kind]?.[reason] ?? sharedCures[reason]
}

/** Whether a reason says what is wrong with a resource of its kind, and not only why nothing is done about it. */
export function isTelling(kind: string, reason: string): boolean {
  const own = curesOfKind[kind]
  return own?.[reason] !== undefined && !pace.has(reason)
}

/** Reasons that only say when it is tried again. */
const pace: ReadonlySet<string> = new Set(['BackOff', 'AttemptsExhausted'])

/** What cures it, by the reason that was observed. What is not known is described instead of guessed at. */
export function prescribe(ailment: Ailment, reason: string): Cure {
  const known = prescriptionFor(kindOf(ailment.id), reason)
  if (known) return known(ailment)
  return {
    problem: `${ailment.id} is ${ailment.status.health}`,
    cure: 'What was seen of it, and what was tried, stands in its description.',
    commands: [describe(ailment)],
  }
}
