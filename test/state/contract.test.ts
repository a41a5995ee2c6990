import { join } from 'node:path'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import { describeStore } from './contract.ts'
import { openFile, temporaryFolder } from './fixtures.ts'

describeStore('the store in memory', async () => {
  const disk = createMemoryDisk()
  return { open: async () => openMemoryStore(disk), dispose: async () => undefined }
})

describeStore('the store in SQLite', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'deeper', 'state.db')
  return { open: () => openFile(path), dispose: async () => folder.remove() }
})
