import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDuration } from '../../../../src/core/duration.ts'
import { parseSize } from '../../../../src/core/size.ts'
import { ResourceNames } from '../../../../src/reconcilers/process/import/names.ts'
import { durationText, sizeText } from '../../../../src/reconcilers/process/import/units.ts'

test('a duration is read back as it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_999_999 }), (ms) => {
      expect(parseDuration(durationText(ms) ?? '')).toBe(ms)
    }),
  )
  expect([
    durationText(5000),
    durationText(1600),
    durationText(0),
    durationText(-1),
    durationText(0.5),
  ]).toEqual(['5s', '1600ms', '0ms', undefined, undefined])
})

test('a size is read back as it was, or it cannot be written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (bytes) => {
      const text = sizeText(bytes)
      expect(text === undefined ? bytes % 1024 : parseSize(text)).toBe(
        text === undefined ? bytes % 1024 : bytes,
      )
      if (text === undefined) expect(bytes % 1024).not.toBe(0)
    }),
  )
  expect(sizeText(209_715_200)).toBe('200M')
})

test('names become names of resources, each once', () => {
  const names = new ResourceNames()
  expect(['api', 'API', 'Web App!', '..', 'a_b.c', '-x-'].map((name) => names.take(name))).toEqual([
    'api',
    'api-2',
    'web-app',
    'process',
    'a-b.c',
    'x',
  ])
})
