import { createHash } from 'node:crypto'
import type { MailTarget } from '../../core/alert.ts'
import type { MailMessage } from '../../core/courier.ts'
import { type Letter, revealed, threadOf } from './letter.ts'

/** A mail. Its id stays the same when it is sent again, and those of one group make one thread. */
export function mailMessage(target: MailTarget, letter: Letter): MailMessage {
  const domain = target.from.slice(target.from.indexOf('@') + 1)
  const idOf = (text: string) => `<${createHash('sha256').update(text).digest('hex').slice(0, 32)}@${domain}>`
  const { notice, words } = letter
  return {
    type: 'mail',
    host: revealed(target.host),
    port: target.port,
    security: target.security,
    credentials:
      target.username !== undefined && target.password
        ? { username: target.username, password: target.password.reveal() }
        : undefined,
    from: target.from,
    to: target.to,
    subject: words.title,
    text: `${words.text}\n`,
    messageId: idOf(notice.id),
    inReplyTo: notice.status === 'test' ? undefined : idOf(threadOf(letter)),
  }
}
