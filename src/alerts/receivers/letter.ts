import type { Alert, Hidden, Notice, Trouble } from '../../core/alert.ts'
import type { Secret } from '../../core/secret.ts'
import type { Sender, Words } from '../words.ts'

/** A notice together with all that a receiver's own form may need. */
export interface Letter {
  readonly notice: Notice
  readonly words: Words
  readonly severity: Trouble['severity']
  readonly sender: Sender
  readonly alert: Pick<Alert, 'repeatInterval'>
  /** Epoch milliseconds. */
  readonly now: number
}

/** The text itself. Call it only where a message is made that is sent at once. */
export function revealed(hidden: Hidden): string {
  return typeof hidden === 'string' ? hidden : hidden.reveal()
}

/** The header of a token; none without one. */
export function bearer(token: Secret | undefined): Readonly<Record<string, string>> {
  return token ? { authorization: `Bearer ${token.reveal()}` } : {}
}

/** A path under a base address that may end in a slash. */
export function addressUnder(base: Hidden, path: string): string {
  return `${revealed(base).replace(/\/+$/, '')}${path}`
}

/** The name of a group that stays the same from its first message to its last. */
export function threadOf({ notice, sender }: Letter): string {
  const place = [sender.fleet, sender.environment ?? ''].join('/')
  return `reconcile/${place}/${notice.alert}/${notice.groupId}/${notice.since}`
}
