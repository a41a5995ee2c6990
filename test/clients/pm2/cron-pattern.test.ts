import { createRequire } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cronFault } from '../../../src/clients/pm2/cron-pattern.ts'
import { pm2Folder, pm2Versions } from '../../support/pm2.ts'

type Croner = new (pattern: string) => { next(): Date | null }

const number = fc.nat({ max: 70 }).map(String)
const name = fc.constantFrom('mon', 'SUN', 'jan', 'Dec', 'L', '?', '@daily', '', 'x')
const part = fc.oneof(
  { weight: 4, arbitrary: fc.constant('*') },
  { weight: 3, arbitrary: number },
  name,
  fc.tuple(number, number).map(([a, b]) => `${a}-${b}`),
  fc.tuple(number, number).map(([a, b]) => `${a}/${b}`),
  number.map((step) => `*/${step}`),
  fc.tuple(number, number, number).map(([a, b, step]) => `${a}-${b}/${step}`),
  fc.array(fc.oneof(number, name), { minLength: 2, maxLength: 4 }).map((parts) => parts.join(',')),
)
const pattern = fc.array(part, { minLength: 4, maxLength: 7 }).map((parts) => parts.join(' '))

describe.each(pm2Versions)('a cron expression for PM2 %i', (version) => {
  const Cron: Croner = createRequire(join(pm2Folder(version), 'package.json'))('croner')

  test('that is accepted is parsed by the daemon and comes one day', () => {
    fc.assert(
      fc.property(pattern, (text) => {
        if (cronFault(text) === undefined) expect(new Cron(text).next()).toBeInstanceOf(Date)
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['* * * * *', 'every minute'],
    ['*/10 * * * *', 'steps'],
    ['0 3 * * mon', 'names of days'],
    ['0 0 1 JAN *', 'names of months'],
    ['*/2 * * * * *', 'seconds first'],
    ['0 9-17/2 * * 1-5', 'ranges'],
    ['0,15,30,45 * * * *', 'lists'],
    ['0 0 L * *', 'the last day of a month'],
    ['0 0 29 2 *', 'a day that comes every four years'],
    ['5/10 * * * *', 'a start and a step'],
  ])('%s (%s) is accepted', (text) => {
    expect(cronFault(text)).toBeUndefined()
    expect(new Cron(text).next()).toBeInstanceOf(Date)
  })
})

describe('a cron expression is refused', () => {
  test.each([
    [', * * * *', 'hangs the daemon'],
    ['70/2 * * * *', 'hangs the daemon'],
    ['0 0 40/1 * *', 'hangs the daemon'],
    ['* * * * 8/1', 'hangs the daemon'],
    ['/5 * * * *', 'hangs the daemon'],
    ['@daily', 'croner 4 has no nicknames, and the daemon ends'],
    ['1-5,7 * * * *', 'croner 4 has no ranges in lists, and the daemon ends'],
    ['60 * * * *', 'no such minute'],
    ['0 0 0 * *', 'no such day'],
    ['* * * *', 'too few fields'],
    ['* * * * * * *', 'too many fields'],
    ['', 'no fields'],
    ['0 0 5/10 * *', 'the daemon begins on the 6th'],
    ['0 0 30 2 *', 'never comes'],
    ['0 0 31 4,6 *', 'never comes'],
  ])('%j: %s', (text) => {
    expect(cronFault(text)).toEqual(expect.any(String))
  })
})
