import { expect, test } from 'vitest'
import { scheduleInSource } from '../../../src/reconcilers/function-set/source-schedule.ts'

const v2 = 'export default async () => {}\n'

test.each([
  ['of an exported config', `${v2}export const config = { path: '/x', schedule: '0 4 * * *' }`],
  ['with a type', `${v2}export const config: Config = { schedule: "0 4 * * *" }`],
  [
    'with a type that has braces',
    `${v2}export const config: { schedule: string } = { schedule: '0 4 * * *', path: '/' }`,
  ],
  ['with a type after it', `${v2}export const config = { schedule: '0 4 * * *' } satisfies Config`],
  ['as a constant', `${v2}export const config = { schedule: '0 4 * * *' as const }`],
  ['exported later', `const config = { schedule: '0 4 * * *' }\nexport { handler as default, config }`],
  ['whose key is a text', `${v2}export const config = { 'schedule': '0 4 * * *' }`],
  [
    'of a call',
    "import { schedule } from '@netlify/functions'\nexport const handler = schedule('0 4 * * *', async () => {})",
  ],
  [
    'of a call in a module of the old kind',
    "const { schedule } = require('@netlify/functions')\nexports.handler = schedule('0 4 * * *', async () => {})",
  ],
])('reads a schedule %s, with its place', (_, source) => {
  const found = scheduleInSource(source)
  expect(found?.cron).toBe('0 4 * * *')
  expect(source.slice(found?.offset, (found?.offset ?? 0) + (found?.length ?? 0))).toMatch(
    /^["']0 4 \* \* \*["']$/,
  )
})

test.each([
  ['in a comment', `${v2}// export const config = { schedule: '0 4 * * *' }`],
  ['deeper in the config', `${v2}export const config = { other: { schedule: '0 4 * * *' } }`],
  ['of a config that is not exported', `${v2}const config = { schedule: '0 4 * * *' }`],
  ['after the config', `${v2}export const config = { path: '/' }\nconst x = { schedule: '0 4 * * *' }`],
  ['that is computed', `${v2}export const config = { schedule: '0 4 ' + days }`],
  ['of a function of its own', "const schedule = (x) => x\nexports.handler = schedule('0 4 * * *', f)"],
  ['in what is no source', `${v2}export const config = { schedule: '0 4 * * *' } \u0000 "`],
])('reads none %s', (_, source) => {
  expect(scheduleInSource(source)).toBeUndefined()
})
