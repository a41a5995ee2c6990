import type { Duration } from './duration.ts'

/** What leaves the program for a receiver. It holds secrets: it is made where it is sent, and never kept or logged. */
export type OutgoingMessage = HttpMessage | MailMessage

/** A POST. */
export interface HttpMessage {
  readonly type: 'http'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface MailMessage {
  readonly type: 'mail'
  readonly host: string
  readonly port: number
  readonly security: 'starttls' | 'tls' | 'none'
  readonly credentials: { readonly username: string; readonly password: string } | undefined
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly messageId: string
  /** The message that began what this one goes on with. */
  readonly inReplyTo: string | undefined
}

/** What became of a message. A `reason` is for people and holds nothing of an address, an answer or a secret. */
export type Delivery =
  | { readonly type: 'delivered' }
  /** It would fail again: a person must change something. */
  | { readonly type: 'refused'; readonly reason: string }
  /** Trying again may help, after `retryAfter` milliseconds where the receiver says so. */
  | { readonly type: 'failed'; readonly reason: string; readonly retryAfter: Duration | undefined }

/** Brings messages to receivers. Never rejects but with the reason of an aborted signal; always ends by its own deadline. */
export interface Courier {
  send(message: OutgoingMessage, signal: AbortSignal): Promise<Delivery>
}
