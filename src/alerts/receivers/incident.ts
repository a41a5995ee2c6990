import type { Target, Trouble } from '../../core/alert.ts'
import type { HttpMessage } from '../../core/courier.ts'
import { cut, describeTrouble } from '../words.ts'
import { addressUnder, bearer, type Letter, threadOf } from './letter.ts'

/** PagerDuty's Events API v2: one incident a group, triggered and resolved under one key. */
export function pagerdutyMessage(
  target: Extract<Target, { type: 'pagerduty' }>,
  letter: Letter,
): HttpMessage {
  const { notice, words, severity, sender } = letter
  const body = {
    routing_key: target.routingKey.reveal(),
    event_action: notice.status === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: cut(threadOf(letter), 255),
    payload: {
      summary: cut(words.title, 1024),
      source: `reconcile/${sender.fleet}`,
      severity,
      timestamp: new Date(notice.at).toISOString(),
      ...(notice.groupName && { group: notice.groupName }),
      custom_details: {
        text: words.text,
        firing: notice.firing.length,
        resolved: notice.resolved.length,
        withdrawn: notice.withdrawn.length,
      },
    },
    client: 'reconcile',
  }
  return {
    type: 'http',
    url: addressUnder(target.url, '/v2/enqueue'),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}

/** How long past the next repetition an alert lives in Alertmanager, should we not be there to renew it. */
const grace = 900_000

/** Alertmanager's API v2: one alert a trouble, which ends by itself where nobody renews it. */
export function alertmanagerMessage(
  target: Extract<Target, { type: 'alertmanager' }>,
  letter: Letter,
): HttpMessage {
  const { notice, sender, now, alert } = letter
  const toAlert = (trouble: Trouble, endsAt: number) => {
    const { resource, kind, name, message } = describeTrouble(trouble)
    return {
      labels: {
        alertname: trouble.type,
        severity: trouble.severity,
        fleet: sender.fleet,
        ...(sender.environment !== undefined && { environment: sender.environment }),
        ...(resource !== null && { resource, kind, name }),
        ...(notice.alert !== '' && { alert: notice.alert }),
      },
      annotations: { summary: `${resource ?? 'The fleet'}: ${trouble.type}`, description: message },
      startsAt: new Date(Math.min(trouble.since, endsAt)).toISOString(),
      endsAt: new Date(endsAt).toISOString(),
    }
  }
  const test: Trouble = {
    type: 'ControllerError',
    id: undefined,
    severity: 'info',
    message: letter.words.text,
    since: now,
  }
  const alerts =
    notice.status === 'test'
      ? [
          {
            ...toAlert(test, now + 60_000),
            labels: { alertname: 'ReconcileTest', severity: 'info', fleet: sender.fleet },
          },
        ]
      : [
          ...notice.firing.map((trouble) => toAlert(trouble, now + alert.repeatInterval + grace)),
          ...[...notice.resolved, ...notice.withdrawn].map((trouble) => toAlert(trouble, now)),
        ]
  const basic =
    target.username !== undefined && target.password
      ? {
          authorization: `Basic ${Buffer.from(`${target.username}:${target.password.reveal()}`).toString('base64')}`,
        }
      : {}
  return {
    type: 'http',
    url: addressUnder(target.url, '/api/v2/alerts'),
    headers: { 'content-type': 'application/json', ...basic, ...bearer(target.token) },
    body: JSON.stringify(alerts),
  }
}
