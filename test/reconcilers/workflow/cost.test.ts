import { afterEach, beforeEach, expect, it } from 'vitest'
import { ManyRepositories } from '../../support/many-repositories.ts'

const repositories = 12

let many: ManyRepositories

beforeEach(async () => {
  many = await ManyRepositories.create({ repositories, workflowsEach: 3, runsEach: 9 })
})

afterEach(() => many.close())

it('is two requests a repository at first, none that counts after a restart, and one for each that changed', async () => {
  expect(await many.read()).toMatchObject({ requests: 24, counted: 24, unreadable: 0 })
  expect(await many.read()).toMatchObject({ requests: 24, counted: 0, unreadable: 0 })
  many.change(5)
  expect(await many.read()).toMatchObject({ requests: 24, counted: 5, unreadable: 0 })
  expect(await many.read()).toMatchObject({ requests: 24, counted: 0, unreadable: 0 })
  expect(many.simulator.remaining).toBe(5000 - 24 - 5)
})
