import { randomUUID } from 'node:crypto'
import { type Asked, notFound, type Route, refuse } from './route.ts'
import type { SimulatedVariable } from './world.ts'

function withoutValues(variable: SimulatedVariable): unknown {
  const values = variable.values.map((value) =>
    variable.is_secret && value.context !== 'dev' ? { ...value, value: '' } : value,
  )
  return { ...variable, values, updated_at: '2020-01-01T00:00:00.000Z' }
}

function variableOf(json: Readonly<Record<string, unknown>>): SimulatedVariable {
  const values = (json.values ?? []) as readonly { readonly context: string; readonly value: string }[]
  return {
    key: String(json.key),
    is_secret: json.is_secret === true,
    scopes: (json.scopes ?? ['builds', 'functions', 'runtime', 'post-processing']) as readonly string[],
    values: values.map((value) => ({ id: randomUUID(), ...value })),
  }
}

const siteOfQuery = ({ sites, query }: Asked) => sites.find(({ id }) => id === query.get('site_id'))

/** Operations on the environment variables of sites. */
export const envRoutes: readonly Route[] = [
  {
    operation: 'getEnvVars',
    method: 'GET',
    path: '/accounts/{account_id}/env',
    answer: (asked) => ({
      status: 200,
      body: [...(siteOfQuery(asked)?.env.values() ?? [])].map(withoutValues),
    }),
  },
  {
    operation: 'createEnvVars',
    method: 'POST',
    path: '/accounts/{account_id}/env',
    answer: (asked) => {
      const site = siteOfQuery(asked)
      if (!site) return notFound
      const list = (asked.json as unknown as readonly Readonly<Record<string, unknown>>[]).map(variableOf)
      if (list.some(({ key }) => site.env.has(key))) return refuse('The variable exists')
      for (const variable of list) site.env.set(variable.key, variable)
      return { status: 201, body: list.map(withoutValues) }
    },
  },
  {
    operation: 'updateEnvVar',
    method: 'PUT',
    path: '/accounts/{account_id}/env/{key}',
    answer: (asked) => {
      const site = siteOfQuery(asked)
      const key = asked.params.key ?? ''
      if (!site?.env.has(key)) return notFound
      const variable = variableOf({ ...asked.json, key })
      site.env.set(key, variable)
      return { status: 200, body: withoutValues(variable) }
    },
  },
  {
    operation: 'setEnvVarValue',
    method: 'PATCH',
    path: '/accounts/{account_id}/env/{key}',
    answer: (asked) => {
      const variable = siteOfQuery(asked)?.env.get(asked.params.key ?? '')
      const site = siteOfQuery(asked)
      if (!variable || !site) return notFound
      const { context, value } = asked.json as { readonly context: string; readonly value: string }
      const made = { id: randomUUID(), context, value }
      const isThere = variable.values.some((one) => one.context === context)
      const values = isThere
        ? variable.values.map((one) => (one.context === context ? made : one))
        : [...variable.values, made]
      const changed = { ...variable, values }
      site.env.set(variable.key, changed)
      return { status: 201, body: withoutValues(changed) }
    },
  },
  {
    operation: 'deleteEnvVar',
    method: 'DELETE',
    path: '/accounts/{account_id}/env/{key}',
    answer: (asked) => {
      const site = siteOfQuery(asked)
      return site?.env.delete(asked.params.key ?? '') ? { status: 204 } : notFound
    },
  },
  {
    operation: 'deleteEnvVarValue',
    method: 'DELETE',
    path: '/accounts/{account_id}/env/{key}/value/{id}',
    answer: (asked) => {
      const site = siteOfQuery(asked)
      const variable = site?.env.get(asked.params.key ?? '')
      const values = variable?.values.filter(({ id }) => id !== asked.params.id)
      if (!site || !variable || !values || values.length === variable.values.length) return notFound
      site.env.set(variable.key, { ...variable, values })
      return { status: 204 }
    },
  },
]
