import { describe, expect, test } from 'vitest'
import { SecretMask } from '../../src/core/secret-mask.ts'

const secret = 'k/9+A "z" sécret\\~7'

function maskOf(...values: readonly string[]): SecretMask {
  const mask = new SecretMask()
  for (const value of values) mask.add(value)
  return mask
}

const inBase64 = (before: string, encoding: BufferEncoding) =>
  Buffer.from(`${before}${secret}, and more`).toString(encoding)

describe('A secret is masked', () => {
  test.each<readonly [string, string, string]>([
    ['as it is', `got <${secret}>!`, 'got <***>!'],
    ['twice', `${secret}${secret},${secret}`, '***,***'],
    ['in JSON', JSON.stringify({ a: secret }), '{"a":"***"}'],
    ['in JSON inside of JSON', JSON.stringify(JSON.stringify({ a: secret })), '"{\\"a\\":\\"***\\"}"'],
    ['in an address', `/x?key=${encodeURIComponent(secret)}&b=1`, '/x?key=***&b=1'],
    [
      'in an address with small letters',
      `/x?key=${encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())}`,
      '/x?key=***',
    ],
    ['in a form', `key=${new URLSearchParams([['', secret]]).toString().slice(1)}&b=1`, 'key=***&b=1'],
    ['in hexadecimal digits', Buffer.from(secret).toString('hex'), '***'],
    ['in HTML', 'k/9+A &quot;z&quot; sécret\\~7', '***'],
    ['wrapped to lines', 'k/9+A\n    "z"   sécret\\~7', '***'],
  ])('%s', (_, text, expected) => {
    expect(maskOf(secret).mask(text)).toBe(expected)
  })

  test.each(['base64', 'base64url'] as const)('in %s, wherever it begins in what is encoded', (encoding) => {
    for (const before of ['', 'u', 'us', 'user:', 'Basic ']) {
      const masked = maskOf(secret).mask(`<${inBase64(before, encoding)}>`)
      expect(masked).toContain('***')
      // What is left of it are the characters that also depend on what stands beside it.
      const rest = Buffer.from(masked.split('***')[1] ?? '', encoding).toString('latin1')
      expect(rest).not.toContain('cret')
    }
  })

  test('line by line, where it has several', () => {
    const key =
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----\n'
    expect(maskOf(key).mask('line 2 is AQEFAASCBKcwggSjAgEAAoIB')).toBe('line 2 is ***')
    expect(maskOf(key).mask(`x ${key.trim().replaceAll('\n', ' ')} y`)).toBe('x *** y')
  })

  test('with one that it holds, or that overlaps it', () => {
    const mask = maskOf('abcdefghij', 'cdefghijkl', 'efghefgh')
    expect(mask.mask('1 abcdefghijkl 2 efghefgh 3')).toBe('1 *** 2 *** 3')
  })
})

describe('What is no secret', () => {
  test('stays: a value of fewer than eight characters, and all where there is none', () => {
    expect(maskOf('3000', 'info', '       x  ').isEmpty).toBe(true)
    const text = 'listens on 3000'
    expect(maskOf('3000').mask(text)).toBe(text)
  })

  test('stays: a value that is a part of a name or a folder which must be readable', () => {
    const mask = maskOf('production', 'hunter2hunter2')
    expect(mask.mask('fleet acme (production)')).toBe('fleet acme (***)')
    mask.leave('/srv/production/manifests')
    expect(mask.mask('fleet acme (production), hunter2hunter2')).toBe('fleet acme (production), ***')
  })
})

test('A number of a JSON document stays, although a value is the same: stars would leave no JSON', () => {
  const mask = maskOf('1073741824')
  for (const space of [0, 2]) {
    const document = JSON.stringify(
      { bytes: 1073741824, list: [1073741824, 1], text: '1073741824' },
      null,
      space,
    )
    expect(JSON.parse(mask.mask(document))).toEqual({ bytes: 1073741824, list: [1073741824, 1], text: '***' })
  }
  expect(mask.mask('wants 1073741824 bytes')).toBe('wants *** bytes')
})

test('The newest 200 values are known, so that a command which gives another one each time fills no memory', () => {
  const mask = new SecretMask()
  mask.add('the first value')
  for (let count = 0; count < 199; count += 1) mask.add(`another value ${count}`)
  expect(mask.finds('the first value')).toBe(true)
  mask.add('the first value')
  mask.add('one more value')
  expect(mask.finds('the first value')).toBe(true)
  expect(mask.finds('another value 0.')).toBe(false)
})

test('Every place of every random text is found', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const noise = (length: number, at: number) =>
      Array.from({ length }, (_, index) =>
        String.fromCharCode(33 + ((seed * 31 + (index + at) * 17 + index * index) % 94)),
      ).join('')
    const value = noise(8 + (seed % 40), seed)
    const text = `${noise(seed % 7, 3)} ${value} ${noise(seed % 5, 4)}`
    const masked = maskOf(value).mask(text)
    expect(masked).not.toContain(value)
    expect(masked).toContain('***')
  }
})
