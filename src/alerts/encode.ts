import type { Alert, Notice, Receiver } from '../core/alert.ts'
import { assertNever } from '../core/assert-never.ts'
import type { OutgoingMessage } from '../core/courier.ts'
import { discordMessage, ntfyMessage, slackMessage } from './receivers/chat.ts'
import { alertmanagerMessage, pagerdutyMessage } from './receivers/incident.ts'
import type { Letter } from './receivers/letter.ts'
import { mailMessage } from './receivers/mail.ts'
import { webhookMessage } from './receivers/webhook.ts'
import { type Sender, say, severityOf } from './words.ts'

/** Puts a notice into the form that its receiver takes. What it makes holds secrets: send it, and let it go. */
export function encode(
  notice: Notice,
  receiver: Receiver,
  context: {
    readonly alert: Pick<Alert, 'title' | 'text' | 'repeatInterval'>
    readonly sender: Sender
    readonly now: number
  },
): OutgoingMessage {
  const { alert, sender, now } = context
  const { target } = receiver
  const letter: Letter = {
    notice,
    words: say(notice, alert, sender),
    severity: severityOf(notice),
    sender,
    alert,
    now,
  }
  switch (target.type) {
    case 'webhook':
      return webhookMessage(target, letter)
    case 'slack':
      return slackMessage(target, letter)
    case 'discord':
      return discordMessage(target, letter)
    case 'ntfy':
      return ntfyMessage(target, letter)
    case 'pagerduty':
      return pagerdutyMessage(target, letter)
    case 'alertmanager':
      return alertmanagerMessage(target, letter)
    case 'email':
      return mailMessage(target, letter)
    default:
      return assertNever(target)
  }
}
