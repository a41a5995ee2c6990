import { resolve } from 'node:path'
import type { Invocation } from '../invocation.ts'

interface FleetNames {
  readonly resources: readonly string[]
  readonly environments: readonly string[]
}

/** The names that the manifests declare, read at most once, by their texts alone: no domain is loaded for a key. */
export function fleetNames(call: Invocation, words: readonly string[]): () => Promise<FleetNames> {
  let reading: Promise<FleetNames> | undefined
  return () => {
    reading ??= read(call, words)
    return reading
  }
}

async function read({ cwd }: Invocation, words: readonly string[]): Promise<FleetNames> {
  const flag = words.findIndex((word) => word === '-f' || word === '--file')
  const named = flag < 0 ? undefined : words[flag + 1]
  const { scanFolder } = await import('../../manifests/scan-ids.ts')
  return scanFolder(resolve(cwd, named ?? 'manifests'))
}
