import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Clock, Random } from '../../core/clock.ts'
import { type GitSettings, originOf, type SourceRecord } from '../../core/source.ts'
import { readSource } from '../../state/source.ts'

/** That a fleet's manifests are fetched: which repository it follows, and where it is kept here. */
export interface Followed {
  readonly settings: GitSettings
  readonly saidBy: SourceRecord['saidBy']
  /** The manifests folder that was named, or the usual one, absolute; it need not exist. */
  readonly from: string
  /** Of the repository and its work trees, absolute. */
  readonly gitFolder: string
  /** What the state belongs to: a repository and no folder, which is the same whatever is in it. */
  readonly origin: string
  /** Names of the variables that the settings refer to. */
  readonly variables: ReadonlySet<string>
}

/** Where the repository of a fleet is kept: beside its state, each environment by itself. */
export function gitFolderOf(statePath: string, environment: string | undefined): string {
  const name = basename(statePath)
  const folder = join(dirname(statePath), name === 'state.db' ? 'git' : `${name}.git`)
  return environment === undefined ? folder : join(folder, `for-${encodeURIComponent(environment)}`)
}

/** The manifests folder of a repository that is kept there. */
export function followedFolder(gitFolder: string, { path }: Pick<GitSettings, 'path'>): string {
  return join(gitFolder, 'current', path)
}

export function followedOf(
  settings: GitSettings,
  place: Pick<Followed, 'saidBy' | 'from' | 'gitFolder'> & { readonly variables?: ReadonlySet<string> },
): Followed {
  return Object.freeze({ variables: new Set<string>(), ...place, settings, origin: originOf(settings) })
}

/**
 * What the state says is followed in the place of a manifests folder; undefined: nothing. Changes nothing, and opens no
 * state where there is no repository beside it.
 */
export async function findFollowed(place: {
  readonly statePath: string
  readonly environment: string | undefined
  readonly from: string
  readonly clock: Clock
  readonly random: Random
}): Promise<Followed | undefined> {
  const { statePath, environment, from, clock, random } = place
  const gitFolder = gitFolderOf(statePath, environment)
  if (!existsSync(gitFolder) || !existsSync(statePath)) return undefined
  const { openSqliteStore } = await import('../../state/sqlite.ts')
  const store = await openSqliteStore({ path: statePath, mode: 'read', clock, random })
  try {
    const record = await readSource({ store, environment })
    if (record?.from !== from) return undefined
    return followedOf(record.git, { saidBy: record.saidBy, from, gitFolder })
  } finally {
    await store.close()
  }
}
