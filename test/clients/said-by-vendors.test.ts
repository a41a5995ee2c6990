import { expect, test } from 'vitest'
import { failureOf, saidBy } from '../../src/clients/github/failure.ts'
import { refusalOf } from '../../src/clients/netlify/failure.ts'
import { SecretMask } from '../../src/core/secret-mask.ts'

const secret = 'k/9+A "z" sécret~7'
const mask = new SecretMask()
mask.add(secret)

const call = { what: 'set a variable', isWrite: true, mask }
const answered = (data: unknown) => ({ status: 422, response: { headers: {}, data } })

test('What GitHub repeats of a secret is masked, also where his words are cut in the middle of it', () => {
  const { message } = failureOf(
    answered({ message: 'Validation Failed', errors: [`"${secret}" is no value`, { message: secret }] }),
    call,
  )
  expect(message).toContain('Validation Failed: "***" is no value: ***')
  for (let length = 280; length < 301; length += 1) {
    const said = saidBy(answered({ message: 'x'.repeat(length) + secret }), mask)
    expect(said).not.toContain('k/9')
    expect(said.length).toBeLessThanOrEqual(300)
  }
})

test('What Netlify repeats of a secret is masked, also where his words are cut in the middle of it', () => {
  const { message } = refusalOf(
    { status: 422, body: JSON.stringify({ value: secret, why: 'too long' }) },
    call,
  )
  expect(message).toContain('{"value":"***","why":"too long"}')
  for (let length = 280; length < 301; length += 1) {
    const body = JSON.stringify({ message: 'x'.repeat(length) + secret })
    expect(refusalOf({ status: 422, body }, call).message).not.toContain('k/9')
  }
})
