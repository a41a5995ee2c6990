import { describe, expect, test } from 'vitest'
import { timeReader } from '../../../../src/reconcilers/process/logs/log-time.ts'

describe('the time that PM2 wrote', () => {
  const local = new Date(2026, 2, 1, 12, 0, 40).getTime()
  test.each<[why: string, format: string, line: string, at: number | undefined, text: string]>([
    ['PM2 its own format, local time', 'YYYY-MM-DDTHH:mm:ss', '2026-03-01T12:00:40: hi', local, 'hi'],
    ['milliseconds', 'YYYY-MM-DD HH:mm:ss.SSS', '2026-03-01 12:00:40.250: a: b', local + 250, 'a: b'],
    [
      'a zone',
      'YYYY-MM-DDTHH:mm:ssZ',
      '2026-03-01T14:00:40+02:00: hi',
      Date.UTC(2026, 2, 1, 12, 0, 40),
      'hi',
    ],
    [
      'a zone without a colon',
      'YYYY-MM-DDTHH:mm:ssZZ',
      '2026-03-01T10:30:40-0130: hi',
      Date.UTC(2026, 2, 1, 12, 0, 40),
      'hi',
    ],
    ['seconds since 1970', 'X', '1772366440: hi', 1_772_366_440_000, 'hi'],
    ['milliseconds since 1970', 'x', '1772366440123: hi', 1_772_366_440_123, 'hi'],
    ['literals in brackets', '[at] YYYY-MM-DD HH:mm', 'at 2026-03-01 12:00: hi', local - 40_000, 'hi'],
    ['single digits', 'D.M.YYYY H:m:s', '1.3.2026 12:0:40: hi', local, 'hi'],
    ['an empty line behind it', 'YYYY-MM-DDTHH:mm:ss', '2026-03-01T12:00:40: ', local, ''],
  ])('is read: %s', (_why, format, line, at, text) => {
    expect(timeReader(format)?.(line)).toEqual({ at, text })
  })

  test.each<[why: string, format: string]>([
    ['names of months', 'MMM D YYYY HH:mm'],
    ['no date', 'HH:mm:ss'],
    ['no hour', 'YYYY-MM-DD'],
    ['a part twice', 'YYYY-MM-DD HH:mm X X'],
    ['half days', 'YYYY-MM-DD hh:mm A'],
  ])('is left in the text where the format does not say when: %s', (_why, format) => {
    expect(timeReader(format)).toBeUndefined()
  })

  test('is not found in a line that begins otherwise', () => {
    const read = timeReader('YYYY-MM-DDTHH:mm:ss')
    expect(read?.('    at main (file.js:1:1)')).toBeUndefined()
    expect(read?.('')).toBeUndefined()
    expect(timeReader(undefined)).toBeUndefined()
  })
})
