import type { EnvValue, EnvVariable, UnwantedVariable, WantedVariable } from './client.ts'

/** One call that sets a variable. */
export interface EnvWrite {
  readonly operation: 'createEnvVars' | 'updateEnvVar' | 'setEnvVarValue'
  readonly body: unknown
}

/** A secret has no value for all contexts at once, and none for post-processing. */
const secretContexts = ['production', 'deploy-preview', 'branch-deploy']
const secretScopes = ['builds', 'functions', 'runtime']

/**
 * How a variable gets its value. Where the variable is there, one value is set, and what other contexts have stays: of a
 * secret it could not be read to be put back. So one that is a secret stays one. Only where a text becomes a secret the
 * whole variable is replaced, with all that it had.
 */
export function envWrites({ key, value, isSecret, there }: WantedVariable): readonly EnvWrite[] {
  const values = contextsToSet({ isSecret, there }).map((context) => ({ context, value }))
  if (!there) {
    const body = [{ key, values, is_secret: isSecret, ...(isSecret && { scopes: secretScopes }) }]
    return [{ operation: 'createEnvVars', body }]
  }
  if (isSecret && !there.isSecret) {
    const body = { key, values: [...values, ...otherValues(there)], is_secret: true, scopes: scopesOf(there) }
    return [{ operation: 'updateEnvVar', body }]
  }
  return values.map((body) => ({ operation: 'setEnvVarValue', body }))
}

/** What a text gives others than production, as a secret has it: each context by itself, and nobody's own machine by `all`. */
function otherValues({ values }: EnvVariable): readonly object[] {
  const own = values.filter(({ context }) => context !== 'production' && context !== 'all')
  const forAll = values.find(({ context }) => context === 'all')
  const split = secretContexts.filter(
    (name) => name !== 'production' && !own.some(({ context }) => context === name),
  )
  return [
    ...own.map(({ context, parameter, value }) => ({
      context,
      ...(parameter !== undefined && { context_parameter: parameter }),
      value,
    })),
    ...(forAll ? split.map((context) => ({ context, value: forAll.value })) : []),
  ]
}

/** Those that it has and that a secret may have; of one whose scopes are not told all of those. */
function scopesOf({ scopes }: EnvVariable): readonly string[] {
  const kept = secretScopes.filter((scope) => scopes.includes(scope))
  return kept.length === 0 ? secretScopes : kept
}

/** The contexts whose values `envWrites` gives. */
export function contextsToSet({
  isSecret,
  there,
}: Pick<WantedVariable, 'isSecret' | 'there'>): readonly string[] {
  if (!there) return isSecret ? secretContexts : ['all']
  return isSecret || there.isSecret ? ['production'] : [publishedContextOf(there)]
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
function publishedContextOf({ values }: EnvVariable): string {
  const has = (name: string) => values.some(({ context }) => context === name)
  return !has('production') && has('all') ? 'all' : 'production'
}
