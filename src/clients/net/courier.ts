import type { Courier, Delivery, OutgoingMessage } from '../../core/courier.ts'
import type { Duration } from '../../core/duration.ts'
import type { AddressRule } from './address-guard.ts'
import { post } from './post.ts'

/** How long one message may take, whatever the receiver does. */
const usualDeadline: Duration = 10_000

/** Sends messages over the network, each once and within a deadline. What mail needs is loaded with the first mail. */
export function openCourier(rule: AddressRule, deadline: Duration = usualDeadline): Courier {
  return {
    async send(message, signal) {
      const isOver = AbortSignal.timeout(deadline)
      const either = AbortSignal.any([signal, isOver])
      const cut = new Promise<Delivery>((resolve) => {
        either.addEventListener(
          'abort',
          () => resolve({ type: 'failed', reason: 'it did not answer in time', retryAfter: undefined }),
          { once: true },
        )
      })
      signal.throwIfAborted()
      // A name that is looked up for ever cannot be cancelled; it is no longer waited for.
      const delivery = await Promise.race([bring(message, rule, { deadline, signal: either }), cut])
      signal.throwIfAborted()
      return delivery
    },
  }
}

async function bring(
  message: OutgoingMessage,
  rule: AddressRule,
  limit: { readonly deadline: Duration; readonly signal: AbortSignal },
): Promise<Delivery> {
  if (message.type === 'http') return post(message, rule, limit.signal)
  const { sendMail } = await import('./mail.ts')
  return sendMail(message, rule, limit)
}
