import { createHmac } from 'node:crypto'
import type { Target } from '../../core/alert.ts'
import type { HttpMessage } from '../../core/courier.ts'
import { describeTrouble } from '../words.ts'
import { bearer, type Letter, revealed, threadOf } from './letter.ts'

/** More troubles than this are counted, and not listed. */
const mostTroubles = 500

/** JSON, signed as Standard Webhooks says (https://github.com/standard-webhooks/standard-webhooks, v1). */
export function webhookMessage(target: Extract<Target, { type: 'webhook' }>, letter: Letter): HttpMessage {
  const { notice, words, severity, sender, now } = letter
  const body = JSON.stringify({
    formatVersion: '1',
    id: notice.id,
    status: notice.status,
    fleet: sender.fleet,
    environment: sender.environment ?? null,
    alert: notice.alert === '' ? null : notice.alert,
    group: notice.groupName,
    groupKey: threadOf(letter),
    severity,
    title: words.title,
    text: words.text,
    at: new Date(notice.at).toISOString(),
    firing: notice.firing.slice(0, mostTroubles).map(describeTrouble),
    resolved: notice.resolved.slice(0, mostTroubles).map(describeTrouble),
    withdrawn: notice.withdrawn.slice(0, mostTroubles).map(describeTrouble),
    counts: {
      firing: notice.firing.length,
      resolved: notice.resolved.length,
      withdrawn: notice.withdrawn.length,
    },
  })
  const timestamp = String(Math.floor(now / 1000))
  const signature = target.secret && sign(target.secret.reveal(), `${notice.id}.${timestamp}.${body}`)
  return {
    type: 'http',
    url: revealed(target.url),
    headers: {
      'content-type': 'application/json',
      'webhook-id': notice.id,
      'webhook-timestamp': timestamp,
      ...(signature && { 'webhook-signature': signature }),
      ...bearer(target.token),
    },
    body,
  }
}

function sign(secret: string, content: string): string {
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret)
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`
}
