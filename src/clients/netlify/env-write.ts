import type { EnvValue, UnwantedVariable, WantedVariable } from './client.ts'

/** One call that sets a variable. */
export interface EnvWrite {
  readonly operation: 'createEnvVars' | 'updateEnvVar' | 'setEnvVarValue'
  readonly body: unknown
}

/** A secret has no value for all contexts at once, and none for post-processing. */
const secretContexts = ['production', 'deploy-preview', 'branch-deploy']
const secretScopes = ['builds', 'functions', 'runtime']

/**
 * How a variable gets its value. What other contexts have stays: one value is set where the variable is there, and only
 * where a text becomes a secret, or the other way round, the whole variable is replaced, with what can be carried over.
 */
export function envWrites({ key, value, isSecret, there }: WantedVariable): readonly EnvWrite[] {
  const contexts = contextsToSet({ isSecret, there: undefined })
  const values: { context: string; context_parameter?: string; value: string }[] = contexts.map(
    (context) => ({
      context,
      value,
    }),
  )
  const whole = { key, values, is_secret: isSecret, ...(isSecret && { scopes: secretScopes }) }
  if (!there) return [{ operation: 'createEnvVars', body: [whole] }]
  if (there.isSecret !== isSecret) {
    // A text for all contexts has no others; of a secret only the value for development can be read.
    const others = there.values.filter(({ context }) => !contexts.includes(context) && context !== 'all')
    for (const { context, parameter, value: kept } of isSecret ? others : []) {
      values.push({ context, ...(parameter !== undefined && { context_parameter: parameter }), value: kept })
    }
    return [{ operation: 'updateEnvVar', body: whole }]
  }
  return contextsToSet({ isSecret, there }).map((context) => ({
    operation: 'setEnvVarValue',
    body: { context, value },
  }))
}

/** The contexts whose values `envWrites` gives. */
export function contextsToSet({
  isSecret,
  there,
}: Pick<WantedVariable, 'isSecret' | 'there'>): readonly string[] {
  if (!there || there.isSecret !== isSecret) return isSecret ? secretContexts : ['all']
  return isSecret ? secretContexts : [publishedContextOf(there)]
}

/** The values that are to go; undefined: all that it has, so that nothing is left of it. */
export function valuesToRemove({ there, contexts }: UnwantedVariable): readonly EnvValue[] | undefined {
  // A value of one branch is nobody's but the person's who gave it.
  const gone = there.values.filter(
    ({ context, parameter }) => parameter === undefined && contexts.includes(context),
  )
  return gone.length === there.values.length ? undefined : gone
}

/** The context whose value the published site sees. */
function publishedContextOf({ values }: NonNullable<WantedVariable['there']>): string {
  const has = (name: string) => values.some(({ context }) => context === name)
  return !has('production') && has('all') ? 'all' : 'production'
}
