import Message from 'amp-message'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeArgument, encodeFrame, FrameReader } from '../../../src/clients/pm2/frame.ts'

const argument = fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue())
const frame = fc.array(argument, { minLength: 1, maxLength: 15 })

/** What a value is after it went through JSON. */
function carried(values: readonly unknown[]): unknown {
  return JSON.parse(JSON.stringify(values))
}

function read(reader: FrameReader, piece: Buffer): unknown[][] {
  return reader.push(piece).map((values) => values.map(decodeArgument))
}

function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}

describe('frames', () => {
  test('are put together from pieces cut anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (frames, places) => {
          const reader = new FrameReader()
          const bytes = Buffer.concat(frames.map(encodeFrame))
          const found = cut(bytes, places).flatMap((piece) => read(reader, piece))
          expect(found).toEqual(frames.map(carried))
        },
      ),
    )
  })

  test('come out byte by byte as soon as their last byte is there', () => {
    const reader = new FrameReader()
    const bytes = encodeFrame([{ a: 1 }, 'id', ''])
    const last = bytes.length - 1
    for (let index = 0; index < last; index += 1) {
      expect(reader.push(bytes.subarray(index, index + 1))).toEqual([])
    }
    expect(read(reader, bytes.subarray(last))).toEqual([[{ a: 1 }, 'id', '']])
  })

  test('are the same bytes as those of the package that PM2 itself uses', () => {
    fc.assert(
      fc.property(frame, (values) => {
        const bytes = encodeFrame(values)
        expect(bytes.equals(new Message(values).toBuffer())).toBe(true)
        expect(new Message(bytes).args).toEqual(carried(values))
      }),
    )
  })

  test('hold an argument of many megabytes that comes in small pieces', () => {
    const reader = new FrameReader()
    const text = 'x'.repeat(20 * 1024 * 1024)
    const bytes = encodeFrame([text, '1'])
    const found: unknown[][] = []
    for (let at = 0; at < bytes.length; at += 65_536)
      found.push(...read(reader, bytes.subarray(at, at + 65_536)))
    expect(found).toEqual([[text, '1']])
  })

  test('of no arguments are empty', () => {
    expect(new FrameReader().push(Buffer.from([0x10]))).toEqual([[]])
  })

  test.each([
    ['another version', Buffer.from('GET / HTTP/1.1\r\n')],
    ['a length that no list has', Buffer.from([0x11, 0xff, 0xff, 0xff, 0xff])],
  ])('are refused with %s', (_, bytes) => {
    expect(() => new FrameReader().push(bytes)).toThrow(/AMP/)
  })
})
