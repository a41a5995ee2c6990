/** Opens a store in a mode, says how that ended, and ends. */
import { writeSync } from 'node:fs'
import { ReconcileError } from '../../../src/core/errors.ts'
import { openFile } from '../fixtures.ts'

const [, , path = '', mode] = process.argv
try {
  const store = await openFile(path, mode === 'read' ? 'read' : 'write')
  writeSync(1, `opened ${store.id}`)
  await store.close()
} catch (error) {
  writeSync(1, error instanceof ReconcileError ? error.code : String(error))
}
