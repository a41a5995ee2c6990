import { expect, test } from 'vitest'
import { shownChange, shownSpec } from '../../src/core/secrecy.ts'
import { Secret } from '../../src/core/secret.ts'

test.each<readonly [string, string, unknown, unknown, boolean]>([
  ['a variable with the name of a secret', 'env.PASSWORD', 'one', 'two', true],
  ['an input with the name of a secret', 'dispatch.inputs.token', undefined, 'two', true],
  ['a token among arguments', 'args', ['--x'], ['--x', 'ghp_0123456789abcdefghij'], true],
  ['a token that goes', 'scripts.build', 'KEY=sk-0123456789abcdefghij0 next', 'next', true],
  ['an address with a password', 'env.DB', 'postgres://a:b@c/d', null, true],
  ['a plain variable', 'env.LOG_LEVEL', 'info', 'debug', false],
  ['a field whose name happens to sound like a secret', 'logs.private', 'a', 'b', false],
])('A change of %s', (_, path, before, after, isHidden) => {
  const change = { path, before, after, sensitive: false }
  expect(shownChange(change)).toEqual(isHidden ? { path, sensitive: true } : change)
})

test('A manifest is shown without what looks like a secret', () => {
  const spec = {
    script: 'a.mjs',
    args: ['--token', 'ghp_0123456789abcdefghij'],
    env: { PASSWORD: 'short', LEVEL: 'info', KEY: Secret.unread('fromEnv KEY'), DB: 'postgres://a:b@c/d' },
    instances: 2,
  }
  expect(JSON.parse(JSON.stringify(shownSpec(spec)))).toEqual({
    script: 'a.mjs',
    args: ['--token', '***'],
    env: { PASSWORD: '***', LEVEL: 'info', KEY: '***', DB: '***' },
    instances: 2,
  })
})
