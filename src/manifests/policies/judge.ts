import { createHash } from 'node:crypto'
import type { Judge, ProposedAction, Verdict } from '../../core/policy.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Draft } from '../draft.ts'
import { type TellingPlace, tellFault } from './judge-resources.ts'
import type { Policy } from './policy.ts'
import type { RuleInput } from './rule.ts'
import {
  actionInput,
  isAbout,
  isInForce,
  plannedInput,
  type RuleWorld,
  resourceInput,
  worldInput,
} from './subject.ts'

/** What a judge is made of. */
export interface JudgeInput extends RuleWorld, TellingPlace {
  readonly policies: readonly Policy[]
  /** Policies that could not be read, and of which nothing older is known: nobody can say what they allow. */
  readonly broken: readonly ResourceId[]
  readonly drafts: readonly Draft[]
}

/** Makes the judge of actions and plans; undefined: no policy is for them. */
export function makeJudge(input: JudgeInput): Judge | undefined {
  const { broken } = input
  const policies = input.policies
    .filter(({ spec }) => spec.for !== 'resource')
    .filter((policy) => isInForce(policy, input))
  if (policies.length === 0 && broken.length === 0) return undefined
  const hash = createHash('sha256')
  for (const { id, spec, severity } of policies) hash.update(JSON.stringify([id, spec, severity]))
  hash.update(JSON.stringify(broken))
  return Object.freeze(new PolicyJudge({ ...input, policies }, hash.digest('hex').slice(0, 32)))
}

class PolicyJudge implements Judge {
  readonly fingerprint: string
  readonly #input: JudgeInput
  readonly #drafts: ReadonlyMap<ResourceId, Draft>

  constructor(input: JudgeInput, fingerprint: string) {
    this.fingerprint = fingerprint
    this.#input = input
    this.#drafts = new Map(input.drafts.map((draft) => [draft.resource.id, draft]))
  }

  deny(proposed: ProposedAction, now: number): readonly Verdict[] {
    return [
      ...this.#input.broken.map((id) => brokenVerdict(id, proposed)),
      ...this.#judgeOne(proposed, 'deny', now),
    ]
  }

  denyTogether(proposed: readonly ProposedAction[], now: number): readonly Verdict[] {
    return this.#judgeAll(proposed, 'deny', now)
  }

  warn(proposed: readonly ProposedAction[], now: number): readonly Verdict[] {
    return [
      ...proposed.flatMap((each) => this.#judgeOne(each, 'warn', now)),
      ...this.#judgeAll(proposed, 'warn', now),
    ]
  }

  #policies(subject: 'action' | 'plan', severity: Policy['severity']): readonly Policy[] {
    return this.#input.policies.filter(
      (policy) => policy.spec.for === subject && policy.severity === severity,
    )
  }

  #judgeOne(proposed: ProposedAction, severity: Policy['severity'], now: number): readonly Verdict[] {
    const { id } = proposed
    const draft = this.#drafts.get(id)
    const mine = this.#policies('action', severity).filter((policy) => isAbout(policy, id, draft))
    if (mine.length === 0) return []
    const input = {
      ...worldInput(this.#input, now),
      resource: resourceInput(id, draft),
      action: actionInput(proposed),
    }
    return mine.flatMap((policy) => this.#ask(policy, id, input))
  }

  #judgeAll(
    proposed: readonly ProposedAction[],
    severity: Policy['severity'],
    now: number,
  ): readonly Verdict[] {
    return this.#policies('plan', severity).flatMap((policy) => {
      const actions = proposed
        .filter(({ id }) => isAbout(policy, id, this.#drafts.get(id)))
        .map((each) => plannedInput(each, this.#drafts.get(each.id)))
      // What nothing is done about cannot be against a rule.
      if (actions.length === 0) return []
      return this.#ask(policy, undefined, { ...worldInput(this.#input, now), plan: { actions } })
    })
  }

  #ask(policy: Policy, id: ResourceId | undefined, input: RuleInput): readonly Verdict[] {
    const [answer] = policy.rule.evaluate([input])
    if (answer === undefined || answer === true) return []
    if (answer === false)
      return [{ policy: policy.id, id, message: policy.spec.message, position: policy.origin }]
    const { message, hint } = tellFault(policy, answer, this.#input)
    return [
      {
        policy: policy.id,
        id,
        message: `its rule gives no answer: ${message}. ${hint}`,
        position: policy.placeOf(answer),
      },
    ]
  }
}

function brokenVerdict(policy: ResourceId, { id }: ProposedAction): Verdict {
  return {
    policy,
    id,
    message: 'it is broken, so that nobody knows what it allows; mend it',
    position: undefined,
  }
}
