import type { Logger } from '../../core/logger.ts'
import type { SourceRecord, SourceTrouble } from '../../core/source.ts'
import type { Store } from '../../core/store.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { saveSource } from '../../state/source.ts'
import type { Actor } from '../actor.ts'
import type { FetchedWorkspace } from './git-server.ts'

/** What keeps a fleet from its newest commit. */
export type Hindrance = Pick<SourceTrouble, 'reason' | 'message'>

export interface SourceMemoryOptions {
  readonly workspace: FetchedWorkspace
  readonly store: Store
  readonly actor: Actor
  readonly logger: Logger
}

/** What is known of the repository that a fleet follows: kept in the state, and told of when it changes. */
export class SourceMemory {
  readonly #options: SourceMemoryOptions
  #record: SourceRecord

  constructor(options: SourceMemoryOptions, record: SourceRecord) {
    this.#options = options
    this.#record = record
  }

  get record(): SourceRecord {
    return this.#record
  }

  /** Writes down what changed; nothing where nothing did. */
  async change(changes: Partial<SourceRecord>): Promise<void> {
    const { store, workspace, actor } = this.#options
    const next = { ...this.#record, ...changes }
    if (JSON.stringify(next) === JSON.stringify(this.#record)) return
    await saveSource({ store, environment: workspace.environment }, next, actor.lease)
    this.#record = next
  }

  async tell(type: 'Normal' | 'Warning', reason: string, text: string): Promise<void> {
    const message = sanitise(text)
    const { logger, actor } = this.#options
    if (type === 'Warning') logger.warn({ reason, message }, 'source')
    else logger.info({ reason, message }, 'source')
    await actor.ledger.commit([
      { type: 'event', event: { at: this.now(), type, reason, id: undefined, message } },
    ])
  }

  async noteTrouble({ reason, message }: Hindrance): Promise<void> {
    // How a server says that it is away may change from look to look; that it is, is told once.
    if (this.#record.trouble?.reason === reason) return
    await this.change({
      trouble: { reason, message, since: this.now() },
      ...(reason === 'BranchMissing' && { tip: undefined }),
    })
    await this.tell('Warning', reason, message)
  }

  async endTrouble(): Promise<void> {
    const { trouble, git } = this.#record
    if (!trouble) return
    await this.change({ trouble: undefined })
    const what = trouble.reason === 'SourceFailed' ? 'is followed again' : 'can be read again'
    await this.tell('Normal', 'SourceReadable', `${git.branch} of ${git.url} ${what}`)
  }

  now(): number {
    return this.#options.workspace.clock.now()
  }
}
