import type { PolicySpec } from '../policy-spec.generated.ts'

/** What a rule judges. */
export type RuleSubject = PolicySpec['for']

/** What is wrong with a rule, and where in its text: offsets in UTF-16 units, `end` exclusive. */
export interface RuleFault {
  /** Holds no value of what was judged. */
  readonly message: string
  readonly hint: string | undefined
  readonly start: number
  readonly end: number
}

/** The variables of a rule, by name. Whole numbers are `bigint`, as CEL wants them. */
export type RuleInput = Readonly<Record<string, unknown>>
