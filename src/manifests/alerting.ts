import type { Alert, Alerting, Receiver, Target } from '../core/alert.ts'
import { troubleTypes } from '../core/alert.ts'
import type { Resource } from '../core/resource.ts'
import type { Resolved } from '../core/secret.ts'
import { Secret } from '../core/secret.ts'
import type { AlertSpec } from './alert-spec.generated.ts'
import { readTimes } from './alert-times.ts'
import type { Draft } from './draft.ts'
import { Faults } from './faults.ts'
import type { ReceiverSpec } from './receiver-spec.generated.ts'
import type { SecretResolver } from './secrets.ts'

/** Kinds that settle something for the whole fleet and are no resources. */
export const settingKinds = Object.freeze(['Fleet', 'Alert', 'Receiver', 'Policy'])

/** Whether an id names a resource, and not a setting. */
export function isResource(id: string): boolean {
  return !settingKinds.some((kind) => id.startsWith(`${kind}/`))
}

/** Alerts and receivers of valid drafts, their references read. An alert names no receiver that is not there. */
export async function readAlerting(drafts: readonly Draft[], resolver: SecretResolver): Promise<Alerting> {
  const receivers = await Promise.all(
    drafts
      .filter(({ resource }) => resource.kind === 'Receiver')
      .map(async ({ resource }) => toReceiver(await resolver.resolve(resource))),
  )
  const names = new Set(receivers.map(({ name }) => name))
  const alerts = drafts
    .filter(({ resource }) => resource.kind === 'Alert')
    .map((draft) => toAlert(draft, (name) => names.has(name)))
  return Object.freeze({ alerts, receivers })
}

function toAlert({ resource, document }: Draft, isKnown: (name: string) => boolean): Alert {
  // Only a valid document becomes a draft.
  const spec = resource.spec as AlertSpec
  return Object.freeze({
    name: resource.name,
    receivers: spec.receivers.map((id) => id.slice('Receiver/'.length)).filter(isKnown),
    on: spec.on ?? troubleTypes.filter((type) => type !== 'Unknown'),
    severity: spec.severity ?? 'info',
    kinds: spec.kinds,
    labels: spec.labels,
    groupBy: spec.groupBy ?? [],
    ...readTimes(spec, new Faults(document.root)),
    sendResolved: spec.sendResolved ?? true,
    title: spec.title,
    text: spec.text,
  })
}

function toReceiver({ name, spec, unresolved }: Resource): Receiver {
  const target = toTarget(spec as Resolved<ReceiverSpec>)
  const [missing] = unresolved
  return Object.freeze({ name, target, unusable: missing?.message ?? faultOf(target) })
}

const defaults = Object.freeze({
  ntfy: 'https://ntfy.sh',
  pagerduty: 'https://events.pagerduty.com',
})

function toTarget(spec: Resolved<ReceiverSpec>): Target {
  const { webhook, slack, discord, ntfy, pagerduty, alertmanager, email } = spec
  if (webhook) return { type: 'webhook', url: webhook.url, secret: webhook.secret, token: webhook.token }
  if (slack) return { type: 'slack', url: slack.url }
  if (discord) return { type: 'discord', url: discord.url }
  if (ntfy)
    return { type: 'ntfy', server: ntfy.server ?? defaults.ntfy, topic: ntfy.topic, token: ntfy.token }
  if (pagerduty)
    return {
      type: 'pagerduty',
      url: pagerduty.url ?? defaults.pagerduty,
      routingKey: pagerduty.routingKey,
    }
  if (alertmanager) {
    const { url, username, password, token } = alertmanager
    return { type: 'alertmanager', url, username, password, token }
  }
  if (!email) throw new TypeError('Expected a receiver to have a block, got none')
  const { host, username, password, from, to } = email
  const security = email.security ?? 'starttls'
  return { type: 'email', host, port: portOf(email), security, username, password, from, to }
}

/** Port 465 speaks TLS from the first byte, 587 begins it after the greeting (RFC 8314). */
export function portOf(email: { readonly port?: number; readonly security?: string }): number {
  return email.port ?? (email.security === 'tls' ? 465 : 587)
}

/** What is wrong with values that only reading them shows; never the value. */
function faultOf(target: Target): string | undefined {
  const unread = Object.values(target).find((value) => value instanceof Secret && !value.isRead)
  if (unread instanceof Secret) return `${unread.source}: it was not read`
  if (target.type === 'webhook' && target.secret) {
    const text = target.secret.reveal()
    const isKey = text.startsWith('whsec_') && /^[A-Za-z0-9+/]{24,}={0,2}$/.test(text.slice('whsec_'.length))
    if (!isKey && (text.startsWith('whsec_') || text.length < 16))
      return `${target.secret.source}: expected \`whsec_\` with base64, or at least 16 characters`
  }
  return undefined
}
