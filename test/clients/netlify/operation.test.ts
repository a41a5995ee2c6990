import { methods } from 'netlify'
import { expect, it } from 'vitest'
import { operations } from '../../../src/clients/netlify/operation.ts'

it.each(Object.entries(operations))('calls %s as Netlify describes it', (name, { verb, path }) => {
  const described = methods.find(({ operationId }) => operationId === name)
  expect({ verb, path }).toEqual({ verb: described?.verb.toUpperCase(), path: described?.path })
})
