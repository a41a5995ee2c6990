import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Actor } from '../../src/cli/actor.ts'
import { openControlledPlace } from '../../src/cli/source/following.ts'
import type { GitOptions } from '../../src/cli/source/git-options.ts'
import type { GitSource } from '../../src/cli/source/git-source.ts'
import { openSource } from '../../src/cli/source/open-source.ts'
import { openState } from '../../src/cli/workspace.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { SecretMask } from '../../src/core/secret-mask.ts'
import type { SourceRecord } from '../../src/core/source.ts'
import type { Store } from '../../src/core/store.ts'
import { readSource } from '../../src/state/source.ts'
import { type GitWorld, openGitWorld } from './git-server.ts'
import { invoke } from './invoke.ts'

/** A controller's half that follows a repository, in this process, with the real git, server and state. */
export interface Following {
  readonly source: GitSource
  readonly store: Store
  readonly actor: Actor
  record(): Promise<SourceRecord>
  /** What was told, oldest first. */
  reasons(): Promise<readonly string[]>
  /** Ends as a controller does. */
  end(): Promise<void>
}

export interface FollowedFleet {
  readonly world: GitWorld
  /** Where the controller is started. */
  readonly folder: string
  path(name: string): string
  /** Commits and pushes; returns the commit. */
  push(files: Readonly<Record<string, string | undefined>>, message?: string): Promise<string>
  /** Starts following; rejects where a controller would end. Whoever still follows is ended first. */
  follow(options?: GitOptions): Promise<Following>
  /** Runs a verb where the controller was started. */
  reconcile(...args: readonly string[]): ReturnType<typeof invoke>
  close(): Promise<void>
}

/** A manifest that needs nothing but a package.json beside the manifests folder. */
export const scriptSet = (name: string) =>
  `apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: ${name} }\nspec: { package: ../package.json, resolve: none }\n`

export const goodFiles = Object.freeze({
  'manifests/a.yaml': scriptSet('a'),
  'package.json': '{ "name": "x", "scripts": { "build": "true" } }\n',
})

export async function openFollowedFleet(): Promise<FollowedFleet> {
  const world = await openGitWorld()
  const folder = join(world.folder, 'fleet')
  await mkdir(folder)
  const env = { PATH: process.env.PATH ?? '', HOME: world.folder }
  let current: Following | undefined
  const fleet: FollowedFleet = {
    world,
    folder,
    path: (name) => join(folder, name),
    async push(files, message) {
      const commit = await world.commit(files, message)
      await world.push('--force')
      return commit
    },
    async follow(options = {}) {
      await current?.end()
      current = await follow({ cwd: folder, env }, { git: world.url, ...options })
      return current
    },
    reconcile: (...args) => invoke(args, { cwd: folder, env }),
    async close() {
      await current?.end()
      await world.close()
    },
  }
  return fleet
}

async function follow(
  where: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  options: GitOptions,
): Promise<Following> {
  const over = new AbortController()
  const sink = { write: () => undefined, isTerminal: false, columns: 200 }
  const call = {
    ...where,
    out: sink,
    err: sink,
    signal: over.signal,
    version: '0.0.0',
    mask: new SecretMask(),
  }
  const place = await openControlledPlace(call, common, options)
  const store = await openState(place.workspace, 'write')
  try {
    const { actor, source } = await openSource(place, store, {
      role: 'controller',
      waitFor: 0,
      rebind: false,
      logger: silentLogger,
      signal: over.signal,
      onDiagnostics: () => undefined,
    })
    if (!source) throw new Error('Expected a repository to be followed')
    let isEnded = false
    return {
      source,
      store,
      actor,
      async record() {
        const found = await readSource({ store, environment: undefined })
        if (!found) throw new Error('Expected something to be known of the repository')
        return found
      },
      async reasons() {
        const events = await actor.ledger.events({ limit: 100 })
        return events.map(({ reason }) => reason).toReversed()
      },
      async end() {
        if (isEnded) return
        isEnded = true
        await actor.lease.release()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

const common = Object.freeze({
  file: [],
  env: undefined,
  only: [],
  label: [],
  output: 'text',
  state: undefined,
  color: false,
  quiet: false,
  verbose: false,
  runCommands: false,
  allowHost: [],
  allowPath: [],
} as const)
