import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { findStore } from '../../src/state/sqlite-file.ts'
import { temporaryFolder } from './fixtures.ts'

/** What happens on the disk right after the first look at it. */
const meanwhile = vi.hoisted(() => ({ happens: (): void => undefined }))

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return {
    ...fs,
    statSync: (...looked: Parameters<typeof fs.statSync>) => {
      const found = fs.statSync(...looked)
      const { happens } = meanwhile
      meanwhile.happens = () => undefined
      happens()
      return found
    },
  }
})

test('a store that another program makes while we look for it is found, and not taken for a damaged one', () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'state.db')
  try {
    meanwhile.happens = () => {
      writeFileSync(path, Buffer.alloc(4096))
      writeFileSync(`${path}-wal`, Buffer.alloc(4096))
    }
    // Not there yet, or there: both are true. That it was lost is not.
    expect(() => findStore(path)).not.toThrow()
    expect(findStore(path)).toMatchObject({ size: 4096 })
  } finally {
    folder.remove()
  }
})
