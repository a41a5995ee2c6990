import type { Imported } from '../../core/import.ts'
import { resourceId } from '../../core/resource.ts'

const from = Object.freeze({ file: 'sample', line: undefined })

/** A manifest that works on any machine: something that runs, by a program that is everywhere. */
export const sample: Imported = Object.freeze({
  resources: [
    {
      id: resourceId('Process', 'hello'),
      environment: undefined,
      from,
      manifest: {
        apiVersion: 'reconcile.dev/v1',
        kind: 'Process',
        metadata: { name: 'hello' },
        spec: { script: 'sh', args: ['-c', 'while true; do echo hello; sleep 60; done'] },
      },
    },
  ],
  conflicts: [],
  warnings: [],
  errors: [],
})
