import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { start } from './children/run.ts'
import { openFile, temporaryFolder } from './fixtures.ts'

test('what was acknowledged survives kill -9 in the middle of commits, again and again', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'state.db')
  let from = 0
  let lowestRevision = 0
  try {
    for (let round = 0; round < 6; round += 1) {
      const child = start(new URL('./children/commit-forever.ts', import.meta.url), [path, String(from)])
      try {
        await child.lines(15 + round * 40)
      } finally {
        await child.kill()
      }
      const acknowledged = child.output().split('\n').slice(0, -1).map(Number)
      const last = Math.max(...acknowledged)

      const store = await openFile(path)
      try {
        const left = await store.list({ collection: 'left', prefix: 'n' })
        const right = await store.list({ collection: 'right', prefix: 'n' })
        const numbers = new Set(right.map((entry) => entry.value))
        // Everything up to the last acknowledged; at most one more, that was durable before it was said.
        for (let number = 0; number <= last; number += 1) expect(numbers.has(number)).toBe(true)
        expect(numbers.size).toBeLessThanOrEqual(last + 2)
        // Both halves of every commit, or neither.
        expect(left.map((entry) => entry.key)).toEqual(right.map((entry) => entry.key))
        expect(left.map((entry) => entry.revision)).toEqual(right.map((entry) => entry.revision))
        const revision = await store.commit([{ type: 'put', collection: 'round', key: 'r', value: round }])
        expect(revision).toBeGreaterThan(Math.max(lowestRevision, ...right.map((entry) => entry.revision)))
        lowestRevision = revision
        from = numbers.size
      } finally {
        await store.close()
      }
      const database = new DatabaseSync(path, { readOnly: true })
      expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
      database.close()
    }
  } finally {
    folder.remove()
  }
})

test('two programs that write at once lose no update', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'state.db')
  // Both may find no file and create it: one of them wins, and both use it.
  const children = [150, 200].map((count) =>
    start(new URL('./children/count-up.ts', import.meta.url), [path, String(count)]),
  )
  try {
    expect(await Promise.all(children.map((child) => child.ended()))).toEqual([0, 0])
    const store = await openFile(path)
    expect((await store.get({ collection: 'thing', key: 'count' }))?.value).toBe(350)
    await store.close()
  } finally {
    for (const child of children) await child.kill()
    folder.remove()
  }
})

test('a commit by another program wakes the watchers of this one', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'state.db')
  const [writer, reader] = [await openFile(path), await openFile(path, 'read')]
  try {
    const woken = Promise.all(
      [writer, reader].map((store) => new Promise<void>((resolve) => store.watch(resolve))),
    )
    const child = start(new URL('./children/count-up.ts', import.meta.url), [path, '1'])
    try {
      await woken
      expect(await child.ended()).toBe(0)
    } finally {
      await child.kill()
    }
  } finally {
    await writer.close()
    await reader.close()
    folder.remove()
  }
})
