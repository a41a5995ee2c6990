import { isKnownPrivateHost } from '../core/public-address.ts'
import { placeholders, unknownPlaceholders } from '../core/template.ts'
import type { AlertSpec } from './alert-spec.generated.ts'
import { readTimes } from './alert-times.ts'
import { portOf } from './alerting.ts'
import type { Draft } from './draft.ts'
import { printable, quote } from './excerpt.ts'
import type { Faults } from './faults.ts'
import type { ReceiverSpec } from './receiver-spec.generated.ts'
import { isReference } from './secrets.ts'
import { suggest } from './suggest.ts'

/** What is known beside one Alert or Receiver when it is judged. */
export interface AlertingContext {
  /** Ids of all that is declared. */
  readonly declared: Iterable<string>
  /** Ids that broken files declare. */
  readonly broken: ReadonlySet<string>
  readonly isWhole: boolean
  /** Kinds of resources. */
  readonly kinds: readonly string[]
  /** Hosts that a person allowed. */
  readonly hosts: readonly string[]
}

/** What the schemas of Alert and Receiver cannot say. Faults are added to the drafts. */
export function checkAlerting(drafts: readonly Draft[], context: AlertingContext): void {
  for (const draft of drafts) {
    if (draft.resource.kind === 'Alert') checkAlert(draft, context)
    else checkReceiver(draft, context)
  }
}

function checkAlert({ resource, faults }: Draft, context: AlertingContext): void {
  const spec = resource.spec as AlertSpec
  checkReceiverNames(resource.id, spec, context, faults)
  readTimes(spec, faults)
  for (const [index, kind] of (spec.kinds ?? []).entries()) {
    if (context.kinds.includes(kind)) continue
    const meant = suggest(kind, context.kinds)
    faults.add(['spec', 'kinds', String(index)], {
      code: 'unknown-kind',
      message: `The kind ${quote(kind)} does not exist`,
      hint: meant ? `Did you mean \`${meant}\`?` : `Known kinds: ${context.kinds.join(', ')}.`,
    })
  }
  for (const field of ['title', 'text'] as const) {
    for (const name of unknownPlaceholders(spec[field] ?? '')) {
      const meant = suggest(name, placeholders)
      faults.add(['spec', field], {
        code: 'alert-placeholder',
        message: `The placeholder ${quote(`{{ ${name} }}`)} in \`spec.${field}\` does not exist`,
        hint: meant ? `Did you mean \`{{ ${meant} }}\`?` : `Known placeholders: ${placeholders.join(', ')}.`,
      })
    }
  }
  const isOfFleet = (type: string) => type === 'HealthBelowTarget' || type === 'ControllerError'
  if ((spec.kinds || spec.labels) && spec.on?.every(isOfFleet)) {
    faults.add(['spec', 'on'], {
      code: 'alert-selects-nothing',
      message: `${resource.id} tells of nothing: what it is \`on\` concerns the whole fleet, which has no kind and no label`,
      hint: 'Remove `kinds` and `labels`.',
    })
  }
}

function checkReceiverNames(
  id: string,
  spec: AlertSpec,
  { declared, broken, isWhole }: AlertingContext,
  faults: Faults,
): void {
  const known = [...declared].filter((other) => other.startsWith('Receiver/'))
  for (const [index, name] of spec.receivers.entries()) {
    if (known.includes(name) || broken.has(name)) continue
    const meant = suggest(name, known)
    faults.add(['spec', 'receivers', String(index)], {
      code: isWhole ? 'unknown-reference' : 'reference-not-read',
      message: `${printable(name)} is not ${isWhole ? 'declared' : 'in the files that were named'}, and ${id} names it in \`receivers\``,
      hint: meant ? `Did you mean ${meant}?` : undefined,
    })
  }
}

function checkReceiver({ resource, faults }: Draft, { hosts }: AlertingContext): void {
  const spec = resource.spec as ReceiverSpec
  const blocks = Object.entries(spec).filter(([, block]) => block !== undefined)
  if (blocks.length !== 1) {
    faults.addAtKey(['spec'], {
      code: 'receiver-block-count',
      message: `Expected \`spec\` to have exactly one block, got ${blocks.length === 0 ? 'none' : blocks.map(([name]) => name).join(', ')}`,
      hint: 'Give one of webhook, slack, discord, ntfy, pagerduty, alertmanager and email.',
    })
    return
  }
  for (const [name, block] of blocks) {
    for (const [field, value] of Object.entries(block ?? {})) {
      if (!isReference(value) || value.default === undefined) continue
      faults.add(['spec', name, field, 'default'], {
        code: 'receiver-default',
        message: `The reference \`spec.${name}.${field}\` has a \`default\`, which would stand in the manifest itself`,
        hint: 'Remove `default`.',
      })
    }
  }
  const { alertmanager, email } = spec
  for (const [name, block] of [
    ['alertmanager', alertmanager],
    ['email', email],
  ] as const) {
    if (!block || (block.username === undefined) === (block.password === undefined)) continue
    faults.addAtKey(['spec', name], {
      code: 'receiver-credentials',
      message: `Expected \`username\` and \`password\` together in \`spec.${name}\`, got one of them`,
      hint: 'Give both, or none.',
    })
  }
  for (const place of placesOf(spec)) checkPlace(place, hosts, faults)
}

/** Where something is sent, and what goes with it. */
interface SendingPlace {
  readonly path: readonly string[]
  readonly value: unknown
  /** The host with its port, of a literal. */
  readonly host: string | undefined
  readonly isEncrypted: boolean
  /** Whether a token or a password goes there that does not stand in the address itself. */
  readonly hasCredential: boolean
  readonly vendorHosts: readonly string[]
}

function placesOf(spec: ReceiverSpec): readonly SendingPlace[] {
  const { webhook, slack, discord, ntfy, pagerduty, alertmanager, email } = spec
  const byUrl = (
    path: readonly string[],
    value: unknown,
    rest: Pick<SendingPlace, 'hasCredential' | 'vendorHosts'>,
  ): SendingPlace[] => {
    if (value === undefined) return []
    const url = typeof value === 'string' ? URL.parse(value) : null
    return [{ path, value, host: url?.host, isEncrypted: url?.protocol !== 'http:', ...rest }]
  }
  const plain = { hasCredential: false, vendorHosts: [] }
  return [
    ...byUrl(['spec', 'webhook', 'url'], webhook?.url, {
      ...plain,
      hasCredential: webhook?.token !== undefined,
    }),
    ...byUrl(['spec', 'slack', 'url'], slack?.url, plain),
    ...byUrl(['spec', 'discord', 'url'], discord?.url, plain),
    ...byUrl(['spec', 'ntfy', 'server'], ntfy?.server, {
      // The topic is a secret where it is given as a reference.
      hasCredential: ntfy?.token !== undefined || isReference(ntfy?.topic),
      vendorHosts: ['ntfy.sh'],
    }),
    ...byUrl(['spec', 'pagerduty', 'url'], pagerduty?.url, {
      hasCredential: true,
      vendorHosts: ['events.pagerduty.com', 'events.eu.pagerduty.com'],
    }),
    ...byUrl(['spec', 'alertmanager', 'url'], alertmanager?.url, {
      ...plain,
      hasCredential: alertmanager?.password !== undefined || alertmanager?.token !== undefined,
    }),
    ...(email
      ? [
          {
            path: ['spec', 'email', 'host'],
            value: email.host,
            host: typeof email.host === 'string' ? `${email.host}:${portOf(email)}` : undefined,
            isEncrypted: email.security !== 'none',
            hasCredential: email.password !== undefined,
            vendorHosts: [],
          },
        ]
      : []),
  ]
}

/** A manifest alone must not decide that something goes to a private place, unencrypted, or with a token to anybody. */
function checkPlace(place: SendingPlace, hosts: readonly string[], faults: Faults): void {
  const { path, value, host, isEncrypted, hasCredential, vendorHosts } = place
  const field = path.join('.')
  if (host === undefined) {
    // The environment is the person's own; a file or a command is what the manifest says.
    if (!hasCredential || !isReference(value) || 'fromEnv' in value) return
    faults.add(path, {
      code: 'host-not-allowed',
      message: `A token would be sent to where \`${field}\` says, which is no variable of the environment`,
      hint: 'Use `fromEnv`, or write the address and allow its host with `--allow-host`.',
    })
    return
  }
  if (hosts.some((allowed) => allowed.toLowerCase() === host.toLowerCase())) return
  const bare = host.replace(/:\d+$/, '')
  const why = isKnownPrivateHost(bare)
    ? 'it lies on this machine or in a private network'
    : !isEncrypted
      ? 'what is sent there would not be encrypted'
      : hasCredential && !vendorHosts.includes(host)
        ? 'a token or a password would be sent there'
        : undefined
  if (why === undefined) return
  faults.add(path, {
    code: 'host-not-allowed',
    message: `The host ${quote(host)} in \`${field}\` is not allowed, and ${why}`,
    hint: `Allow it with \`--allow-host ${printable(host)}\`.`,
  })
}
