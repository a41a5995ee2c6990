/** A deploy as Netlify describes it, with what only its answers show and its published description does not. */
export interface Deploy {
  readonly id: string
  readonly state: string
  readonly title: string
  /** Auto publishing is stopped at it: later deploys do not go live. */
  readonly isLocked: boolean
  readonly isDraft: boolean
  /** Whether it is meant for what visitors get; one of another branch, or of a pull request, is not. */
  readonly isForProduction: boolean
  readonly error: string
  /** Epoch milliseconds by Netlify's clock; 0: not told. */
  readonly createdAt: number
  readonly publishedAt: number
  /** Digests (SHA-1) of files that Netlify does not have and waits for. */
  readonly requiredFiles: readonly string[]
  /** Digests (SHA-256) of functions that Netlify does not have and waits for. */
  readonly requiredFunctions: readonly string[]
  readonly schedules: ReadonlyMap<string, string>
  /** Of functions that run elsewhere than the site's others. */
  readonly regions: ReadonlyMap<string, string>
  /** Undefined: not told by this answer. */
  readonly functions: readonly DeployedFunction[] | undefined
  /** What Netlify counted when it processed the deploy; undefined: not told. */
  readonly rules: ProcessedRules | undefined
}

/** A function of a deploy. */
export interface DeployedFunction {
  readonly name: string
  /** SHA-256 of its zip; undefined: not told. */
  readonly digest: string | undefined
  /** Whether it is of the second version of functions, whose routes Netlify does not tell. */
  readonly hasOwnRoutes: boolean
}

/** How many rules a deploy has. */
export interface ProcessedRules {
  readonly redirects: number
  readonly headers: number
  readonly edgeFunctions: number
}

/** States of a deploy that is still on its way. */
export const unfinishedStates: ReadonlySet<string> = new Set([
  'new',
  'pending_review',
  'accepted',
  'enqueued',
  'building',
  'preparing',
  'prepared',
  'uploading',
  'uploaded',
  'processing',
])
