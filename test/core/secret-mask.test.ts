import { describe, expect, test } from 'vitest'
import { SecretMask } from '../../src/core/secret-mask.ts'
import { printable } from '../../src/manifests/excerpt.ts'
import { sanitise } from '../../src/reports/sanitise.ts'

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

  test.each<readonly [string, string]>([
    ['a space of no width', 'k/9+A\u200bquerty\u200b"z"'],
    ['the colours of a terminal', 'k/9+A\u001b[31mquerty\u001b[0m"z"'],
    ['a title for a terminal', 'k/9+A\u001b]0;own\u0007querty"z"'],
    ['a change of direction', 'k/9+A\u202equerty"z"'],
    ['signs that are no characters', 'k/9+A\ufffequerty\u{e0041}"z"'],
    ['a tab', 'k/9+A\tquerty"z"'],
    ['a break of lines', 'k/9+A\r\nquerty"z"'],
    ['a break of lines of Unicode', 'k/9+A\u2028querty\u0085"z"'],
    ['a wide space', 'k/9+A\u3000querty"z"'],
    ['spaces and what is invisible beside each other', 'k/9+A \u200b \u0007querty"z"'],
  ])('whatever its texts lost or got in place of %s', (_, value) => {
    const mask = maskOf(value)
    const texts = [
      value,
      sanitise(value),
      sanitise(value, { keepLines: true }),
      printable(value),
      value.replaceAll(/\p{Cc}/gu, ' '),
      value.replaceAll(/[^\P{Cc}\s]+/gu, ''),
    ]
    for (const text of texts) {
      expect(mask.mask(`got <${text}>!`)).toBe('got <***>!')
      expect(mask.mask(JSON.stringify({ a: text }))).toBe('{"a":"***"}')
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

describe('Words of ours', () => {
  const own = new Set([
    'deletes',
    'to',
    'delete',
    'restart',
    'no',
    'longer',
    'declared',
    'process',
    'sensitive',
    'size',
    'note',
  ])
  const maskWithWords = (...values: readonly string[]) => {
    const mask = new SecretMask({ isOwnWord: (word) => own.has(word) })
    for (const value of values) mask.add(value)
    mask.leave('Process/payments2')
    return mask
  }
  const text =
    '1 to delete, 1 to restart\n\n**Deletes**\n\n- `Process/payments2` no longer declared, args "x9-hunter2x"\n'

  test.each([
    '1 to delete, 1 to restart',
    '**Deletes**\n\n- `Process/payments2`',
    'cess/payments2` no longer decl',
    'restart\n\n**Deletes**',
  ])('are no secret in a text that we had a part in: %j', (value) => {
    expect(maskWithWords(value).mask(text)).toBe(text)
    expect(maskWithWords(value).maskForeign(text)).toContain('***')
  })

  test('stay where a value lies across them, and what is of others goes', () => {
    expect(
      maskWithWords('**Deletes**\n\n- `Process/payments2` no longer declared, args "x9-hunter2x"').mask(text),
    ).toBe(text.replace('args', '***').replace('x9-hunter2x', '***'))
  })

  test('are hidden in what is of others altogether, such as an argument of a process', () => {
    expect(maskWithWords('no longer declared').maskForeign('--reason=no longer declared')).toBe(
      '--reason=***',
    )
  })

  test('leave a value that has another word in one piece with them no chance', () => {
    expect(maskWithWords('delete-hunter2x-process').mask('it is delete-hunter2x-process.')).toBe('it is ***.')
    expect(maskWithWords('deleteprocess').mask('it is deleteprocess.')).toBe('it is ***.')
  })

  test('leave JSON what it is', () => {
    const document = JSON.stringify({ sensitive: 1, size: 1073741824, note: 'x9-hunter2x' }, null, 2)
    const masked = maskWithWords('"sensitive": 1,\n "size": 1073741824,\n "note": "x9-hunter2x"').mask(
      document,
    )
    expect(JSON.parse(masked)).toMatchObject({ sensitive: 1, size: 1073741824 })
    expect(masked).not.toContain('hunter2')
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

const many = (count: number, generation = 0) =>
  Array.from({ length: count }, (_, index) => `${generation}: value ${index}.`)

test('What a reading gave is known however much it is, until the next one gives something else', async () => {
  const mask = new SecretMask()
  const read = (values: readonly string[]) =>
    mask.holdAllOf('manifests', async () => {
      for (const value of values) {
        mask.add(value)
        await Promise.resolve()
      }
    })
  await read(many(3000))
  for (const value of many(300, 7)) mask.add(value)
  expect(many(3000).filter((value) => !mask.finds(`<${value}>`))).toEqual([])
  await read(many(3000, 1))
  expect(many(3000, 1).filter((value) => !mask.finds(`<${value}>`))).toEqual([])
  // Of what was read before, the newest are still looked for: a log may repeat them.
  expect(mask.finds('0: value 2999.')).toBe(true)
  expect(mask.finds('0: value 0.')).toBe(false)
})

test('A reading that failed takes nothing away', async () => {
  const mask = new SecretMask()
  await mask.holdAllOf('manifests', async () => mask.add('the first value'))
  await expect(
    mask.holdAllOf('manifests', async () => {
      for (const value of many(500)) mask.add(value)
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(mask.finds('the first value')).toBe(true)
})

test('A value that two hold is known until both let go of it and 200 others came', () => {
  const mask = new SecretMask()
  mask.hold('a', ['the first value', 'short'])
  mask.hold('b', ['the first value'])
  mask.hold('a', [])
  for (const value of many(300)) mask.add(value)
  expect(mask.finds('the first value')).toBe(true)
  mask.hold('b', ['another value'])
  expect(mask.finds('the first value')).toBe(true)
  for (const value of many(200, 1)) mask.add(value)
  expect(mask.finds('the first value')).toBe(false)
  expect(mask.finds('another value')).toBe(true)
})

test('Of what nobody holds the newest 200 are known, so that what gives another value each time fills no memory', () => {
  const mask = new SecretMask()
  mask.add('the first value')
  for (const value of many(199)) mask.add(value)
  expect(mask.finds('the first value')).toBe(true)
  mask.add('the first value')
  mask.add('one more value')
  expect(mask.finds('the first value')).toBe(true)
  expect(mask.finds('0: value 0.')).toBe(false)
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
