import { expect, test } from 'vitest'
import { SecretMask } from '../../src/core/secret-mask.ts'
import { shown } from '../../src/core/shown.ts'

const secret = 'a-value-nobody-may-see'

function maskOf(value: string): SecretMask {
  const mask = new SecretMask()
  mask.add(value)
  return mask
}

test('what is made when it is asked for is not made to be shown, and is made of what is shown', () => {
  let made = 0
  const plan = Object.freeze({
    message: `it said ${secret}`,
    get fingerprint() {
      made += 1
      return `of ${this.message}`
    },
  })
  const seen = shown({ plan }, maskOf(secret))
  expect(seen.plan.message).toBe('it said ***')
  expect(made).toBe(0)
  expect(seen.plan.fingerprint).toBe('of it said ***')
  expect(plan.message).toContain(secret)
})

test('the very same is given where nothing of it is hidden', () => {
  const plan = Object.freeze({ list: Object.freeze([Object.freeze({ name: 'a' })]), message: 'nothing' })
  expect(shown(plan, maskOf(secret))).toBe(plan)
})
