/** What GitHub says of a workflow's switch; `unknown`: a word that we do not know. */
export type WorkflowState =
  | 'active'
  | 'deleted'
  | 'disabled_fork'
  | 'disabled_inactivity'
  | 'disabled_manually'
  | 'unknown'

/** One workflow as GitHub lists it. */
export interface WorkflowRecord {
  readonly id: number
  readonly name: string
  /** Its file, such as `.github/workflows/ci.yml`. */
  readonly path: string
  readonly state: WorkflowState
  readonly url: string
  /** `owner/name` of its repository as GitHub calls it now; undefined: not told. */
  readonly repository: string | undefined
}

const states: ReadonlySet<string> = new Set<WorkflowState>([
  'active',
  'deleted',
  'disabled_fork',
  'disabled_inactivity',
  'disabled_manually',
])

/** GitHub's word for the state in ours. */
export function workflowStateOf(word: unknown): WorkflowState {
  return typeof word === 'string' && states.has(word) ? (word as WorkflowState) : 'unknown'
}
