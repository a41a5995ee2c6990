import { createHash } from 'node:crypto'
import type { DeployDigest } from '../../clients/netlify/client.ts'

/** Stands for all functions of a deploy with their settings. */
export function fingerprintOf({ functions, schedules, config }: Omit<DeployDigest, 'files'>): string {
  return hashOf([functions, schedules, config].map(sortedEntries)).slice(0, 32)
}

/** Stands for all files of a deploy. */
export function fingerprintOfFiles(files: DeployDigest['files']): string {
  return hashOf(sortedEntries(files)).slice(0, 16)
}

function sortedEntries(record: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
