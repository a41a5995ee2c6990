/** One aspect of a resource, in Kubernetes' form. */
export interface Condition {
  /** `Synced`, `Healthy`, `Suspended`, `Fallback`, ... */
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  /** One CamelCase word. Explains; nothing decides by it. */
  readonly reason: string
  readonly message: string
  /** Epoch milliseconds of the last change of `status`. */
  readonly since: number
}
