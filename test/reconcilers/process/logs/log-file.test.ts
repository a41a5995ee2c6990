import { appendFile, copyFile, mkdir, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LogFile } from '../../../../src/reconcilers/process/logs/log-file.ts'
import { makeFolder, removeFolder } from '../../../support/pm2.ts'

let folder: string
let path: string
let file: LogFile
beforeEach(async () => {
  folder = await makeFolder()
  path = join(folder, 'x.log')
  file = new LogFile(path)
})
afterEach(async () => {
  await file.close()
  await removeFolder(folder)
})

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`)
const written = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

describe('the last lines', () => {
  test('are those at the end, though the file is large', async () => {
    await writeFile(path, written(numbered(1, 50_000)))
    expect(await file.tail(3, true)).toEqual(numbered(49_998, 50_000))
  })

  test('go on in rotated files, of ours and of pm2-logrotate, newest first', async () => {
    await writeFile(join(folder, 'x__2026-01-01_00-00-00.log'), written(numbered(1, 2)))
    await writeFile(join(folder, 'x.log.10'), written(numbered(3, 4)))
    await writeFile(join(folder, 'x.log.2'), written(numbered(5, 6)))
    await writeFile(join(folder, 'x.log.1'), written(numbered(7, 8)))
    await writeFile(path, written(numbered(9, 10)))
    expect(await file.tail(9, true)).toEqual(numbered(2, 10))
    expect(await file.tail(100, true)).toEqual(numbered(1, 10))
    expect(await file.tail(1, true)).toEqual(['line 10'])
    expect(await file.tail(0, true)).toEqual([])
  })

  test('hold an unfinished one only where nothing is followed', async () => {
    await writeFile(path, 'whole\nhal')
    expect(await file.tail(5, true)).toEqual(['whole', 'hal'])
    const followed = new LogFile(path)
    expect(await followed.tail(5, false)).toEqual(['whole'])
    await appendFile(path, 'f\n')
    expect((await followed.more()).lines).toEqual(['half'])
    await followed.close()
  })

  test('are bounded, each and together', async () => {
    await writeFile(path, `${'x'.repeat(20_000_000)}\nlast\r\n`)
    const lines = await file.tail(5, true)
    expect(lines.at(-1)).toBe('last')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(17_000)
  })

  test('of a file that is not there, or is none, are none', async () => {
    expect(await file.tail(5, true)).toEqual([])
    await mkdir(path)
    expect(await file.tail(5, true)).toEqual([])
    expect(await new LogFile('/dev/null').tail(5, true)).toEqual([])
  })

  test('keep characters of several bytes whole', async () => {
    await writeFile(path, written(Array.from({ length: 20_000 }, () => 'größer €uro 😀')))
    expect(new Set(await file.tail(19_000, true))).toEqual(new Set(['größer €uro 😀']))
  })
})

describe('what is printed after', () => {
  const more = async () => (await file.more()).lines

  test('comes once and in order, across a copy and an emptying', async () => {
    await writeFile(path, written(numbered(1, 3)))
    expect(await file.tail(1, false)).toEqual(['line 3'])
    await appendFile(path, written(numbered(4, 5)))
    // Copied, but not emptied yet: nothing may come twice.
    await copyFile(path, `${path}.1`)
    expect(await more()).toEqual(numbered(4, 5))
    await appendFile(path, written(['line 6']))
    await appendFile(`${path}.1`, written(['line 6']))
    await truncate(path, 0)
    await appendFile(path, written(numbered(7, 9)))
    expect(await more()).toEqual(numbered(6, 9))
    expect(await more()).toEqual([])
  })

  test('comes once where the emptied file has grown beyond its old size at the next look', async () => {
    await writeFile(path, written(numbered(1, 3)))
    await file.tail(0, false)
    await appendFile(path, written(['line 4']))
    await copyFile(path, `${path}.1`)
    await truncate(path, 0)
    await appendFile(path, written(numbered(5, 500)))
    expect(await more()).toEqual(numbered(4, 500))
  })

  test('comes once and in order, across a renaming', async () => {
    await writeFile(path, written(numbered(1, 3)))
    await file.tail(0, false)
    await appendFile(path, 'line 4\nli')
    expect(await more()).toEqual(['line 4'])
    await appendFile(path, 'ne 5\n')
    await rename(path, `${path}.1`)
    expect(await more()).toEqual(['line 5'])
    await appendFile(`${path}.1`, 'line 6\n')
    await writeFile(path, 'line 7\n')
    expect(await more()).toEqual(['line 6', 'line 7'])
  })

  test('begins anew where somebody emptied the file', async () => {
    await writeFile(path, written(numbered(1, 3)))
    await file.tail(0, false)
    await truncate(path, 0)
    await appendFile(path, 'new\n')
    expect(await more()).toEqual(['new'])
  })

  test('begins with a file that comes later', async () => {
    expect(await file.tail(5, false)).toEqual([])
    expect(await more()).toEqual([])
    await writeFile(path, 'first\n')
    expect(await more()).toEqual(['first'])
  })

  test('comes in bounded portions', async () => {
    await writeFile(path, '')
    await file.tail(0, false)
    await appendFile(path, written(numbered(1, 300_000)))
    const got: string[] = []
    let looks = 0
    for (let isAll = false; !isAll; looks += 1) {
      const next = await file.more()
      got.push(...next.lines)
      isAll = next.isAll
    }
    expect(got).toEqual(numbered(1, 300_000))
    expect(looks).toBeGreaterThan(1)
  })
})
