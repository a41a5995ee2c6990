/** Adds one to a shared record so many times, each time on what it read. */
import { isErrorOf } from '../../../src/core/errors.ts'
import { openFile } from '../fixtures.ts'

const store = await openFile(process.argv[2] ?? '')
const key = { collection: 'thing', key: 'count' }
for (let done = 0; done < Number(process.argv[3]); ) {
  const entry = await store.get(key)
  try {
    const value = Number(entry?.value ?? 0) + 1
    await store.commit([{ type: 'put', ...key, value, expected: entry?.revision ?? 0 }])
    done += 1
  } catch (error) {
    if (!isErrorOf(error, 'ConflictingRevision')) throw error
  }
}
await store.close()
