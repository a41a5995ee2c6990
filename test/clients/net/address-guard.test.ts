import { describe, expect, it } from 'vitest'
import { guardLookup } from '../../../src/clients/net/address-guard.ts'
import { isPublicAddress } from '../../../src/core/public-address.ts'

/** What a name with these addresses gives to a connection; the code of the refusal otherwise. */
function lookUp(addresses: readonly string[], all: boolean): Promise<unknown> {
  const guarded = guardLookup((_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    ),
  )
  return new Promise((resolve) => {
    guarded('receiver.example', { all }, (error, found) => resolve(error ? error.code : found))
  })
}

describe('a name that is looked up for a connection', () => {
  it('gives its public addresses alone', async () => {
    const mixed = ['10.0.0.1', '93.184.216.34', '::1', '2606:2800:220:1::1']
    expect(await lookUp(mixed, true)).toEqual([
      { address: '93.184.216.34', family: 4 },
      { address: '2606:2800:220:1::1', family: 6 },
    ])
    expect(await lookUp(mixed, false)).toBe('93.184.216.34')
  })

  it('is refused where it has none', async () => {
    expect(await lookUp(['169.254.169.254', 'fd00::1'], true)).toBe('ADDRESS_REFUSED')
    expect(await lookUp([], false)).toBe('ADDRESS_REFUSED')
  })
})

it.each([
  ['8.8.8.8', true],
  ['2606:4700::1111', true],
  ['172.15.255.255', true],
  ['172.16.0.1', false],
  ['100.64.0.1', false],
  ['192.0.2.1', false],
  ['198.19.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::1', false],
  ['::ffff:8.8.8.8', false],
  ['64:ff9b::808:808', false],
  ['2002:7f00:1::', false],
  ['2001:db8::1', false],
  ['fe80::1%eth0', false],
  ['ff02::1', false],
  ['localhost', false],
  ['', false],
])('%s is a public address: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected)
})
