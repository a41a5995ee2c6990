import type { Declaration } from '../core/declaration.ts'
import { ReconcileError } from '../core/errors.ts'
import type { Ledger } from '../core/ledger.ts'
import type { Logger } from '../core/logger.ts'
import type { AnyConnection } from '../core/reconciler.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Store } from '../core/store.ts'
import { defaultDeadlines, type World } from '../engine/world.ts'
import { openDomainCache } from '../state/domain-cache.ts'
import type { Fence } from '../state/fence.ts'
import type { Workspace } from './workspace.ts'

/** A world that the engine can work in, and the way to leave it. */
export interface Session {
  readonly world: World
  /** Lets vendors begin with what the first reading of these asks of them, while the state is read. */
  anticipate(selection: ReadonlySet<ResourceId> | undefined): Promise<void>
  close(): Promise<void>
}

/** Composes clients, state and engine. Connections are opened when a domain is first asked for. */
export function openSession(
  workspace: Workspace,
  input: {
    readonly declaration: Declaration
    /** For who reads the manifests again and again: those that were read last. Default: `declaration`. */
    readonly newest?: () => Declaration
    readonly store: Store
    readonly ledger: Ledger
    readonly logger: Logger
    readonly mayRunCommands: boolean
    /** The right to write; undefined: a dry run, which writes nothing. */
    readonly lease: Fence | undefined
  },
): Session {
  const { call, clock, random, reconcilers, environment } = workspace
  const { declaration, store, ledger, logger, mayRunCommands, lease } = input
  const connections = new Map<string, Promise<AnyConnection>>()
  const connect = (kind: string): Promise<AnyConnection> => {
    const known = connections.get(kind)
    if (known) return known
    const reconciler = reconcilers.get(kind)
    if (!reconciler) throw new ReconcileError('Internal', `Cannot connect: no domain of kind ${kind}`)
    const opened = reconciler.connect({
      fleet: declaration.fleet,
      env: call.env,
      clock,
      random,
      logger,
      store: { id: store.id, location: store.location },
      mayRunCommands,
      declared: () => (input.newest?.() ?? declaration).resources,
      mask: call.mask,
      cache: openDomainCache({ store, kind, lease }),
    })
    connections.set(kind, opened)
    return opened
  }
  return {
    world: {
      fleet: { name: declaration.fleet.name, environment },
      store: { id: store.id, location: store.location },
      ledger,
      reconcilers,
      connect,
      clock,
      random,
      logger,
      deadlines: defaultDeadlines,
    },
    async anticipate(selection) {
      const wanted = declaration.resources.filter(({ id }) => !selection || selection.has(id))
      const kinds = new Set(wanted.map(({ kind }) => kind))
      await Promise.all(
        [...kinds].map(async (kind) => {
          // What cannot be connected is told by the reading.
          const connection = await connect(kind).catch(() => undefined)
          await connection?.anticipate?.()
        }),
      )
    },
    async close() {
      const opened = await Promise.allSettled(connections.values())
      await Promise.allSettled(
        opened.map((result) => (result.status === 'fulfilled' ? result.value.close() : undefined)),
      )
    },
  }
}
