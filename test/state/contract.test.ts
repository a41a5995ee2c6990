import { join } from 'node:path'
import { holdInMemory } from '../../src/state/held-store.ts'
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

const collections = { own: new Set<string>(), shared: new Set(['thing', 'other']) }

describeStore('a store in memory whose holder remembers what anybody writes', async () => {
  const disk = createMemoryDisk()
  return {
    open: async () => holdInMemory(openMemoryStore(disk), collections),
    dispose: async () => undefined,
  }
})

describeStore('a store in SQLite whose holder remembers what anybody writes', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'state.db')
  return {
    open: async () => holdInMemory(await openFile(path), collections),
    dispose: async () => folder.remove(),
  }
})
