// Made from schemas/policy.schema.json by `npm run generate`. Do not edit.
/**
 * The rule, and what it is for.
 */
export interface PolicySpec {
  /**
   * What the rule judges. `resource`: each resource as it is declared, when manifests are read. `action`: each action that a pass would take. `plan`: all actions of one pass together.
   */
  readonly for: 'resource' | 'action' | 'plan'
  /**
   * Only resources of these kinds, and actions on them. Default: all.
   *
   * @minItems 1
   * @maxItems 20
   *
   * Items: The kind of a resource.
   */
  readonly kinds?: string[]
  /**
   * Only resources with all of these labels, and actions on them. What is no longer declared has no labels that could be read, and is judged by every policy. Default: all.
   */
  readonly labels?: {
    /**
     * The value that the label must have.
     */
    readonly [k: string]: string
  }
  /**
   * Only in these environments, which must exist. Default: all, and the base alone.
   *
   * @minItems 1
   * @maxItems 50
   *
   * Items: The name of an environment.
   */
  readonly environments?: string[]
  /**
   * What becomes of what breaks the rule. `deny`: a resource is an error, an action is held. `warn`: it is told, and nothing else. Default: deny.
   */
  readonly severity?: 'warn' | 'deny'
  /**
   * What must be true, in CEL (https://cel.dev). It sees `resource` (`kind`, `name`, `id`, `labels`, `annotations`, `spec`, `declared`), `action` (`verb`, `type`, `summary`, `reason`, `removes`, `recovery`, `changes`) or `plan` (`actions`), and `environment`, `fleet` and `now`. `byteSize("1G")` reads sizes, `duration("1d")` durations. A rule that cannot be evaluated counts as broken.
   */
  readonly rule: string
  /**
   * What people are told where the rule is broken: what must be, and what helps.
   */
  readonly message: string
}
