import { encode } from '../../alerts/encode.ts'
import { openCourier } from '../../clients/net/courier.ts'
import type { Notice, Receiver } from '../../core/alert.ts'
import type { Delivery } from '../../core/courier.ts'
import { formatDuration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Manifests } from '../../manifests/read.ts'
import { suggest } from '../../manifests/suggest.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { printDiagnostics } from '../diagnostics.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { allowancesOf, readDeclaration } from '../read-declaration.ts'
import { openState, openWorkspace } from '../workspace.ts'

/** How long an alert would live where the receiver asks, such as Alertmanager. Milliseconds. */
const testLives = 60_000

/** `reconcile alert test Receiver/x`: sends one test message now, and says what became of it. Remembers nothing. */
export async function testReceiver(call: Invocation, common: CommonOptions, id: string): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common)
  const store = await openState(workspace, 'read')
  try {
    const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: true })
    printDiagnostics(workspace, declaration.diagnostics)
    const receiver = findReceiver(declaration, id)
    if (receiver.unusable !== undefined) {
      throw new ReconcileError('CredentialsMissing', `Cannot tell ${id}: ${receiver.unusable}`, {
        hint: 'Set what the reference names, and try again.',
      })
    }
    const { clock, random } = workspace
    const now = clock.now()
    const notice: Notice = {
      id: random.id(),
      receiver: receiver.name,
      alert: '',
      groupId: 'test',
      groupName: '',
      status: 'test',
      firing: [],
      resolved: [],
      withdrawn: [],
      at: now,
      since: now,
      attempts: 0,
      nextAttemptAt: now,
    }
    const { name: fleet, environment } = declaration.fleet
    const messageOf = (one: Notice) =>
      encode(one, receiver, {
        alert: { title: undefined, text: undefined, repeatInterval: testLives },
        sender: { fleet, environment },
        now,
      })
    const begun = clock.monotonic()
    const courier = openCourier({ allowedHosts: allowancesOf(workspace).hosts })
    const delivery = await courier.send(messageOf(notice), call.signal)
    const took = Math.round(clock.monotonic() - begun)
    if (delivery.type === 'delivered' && receiver.target.type === 'pagerduty') {
      // It opened an incident that nothing of ours would ever close.
      const closing = await courier.send(
        messageOf({ ...notice, id: random.id(), status: 'resolved' }),
        call.signal,
      )
      if (closing.type === 'failed')
        call.err.write(`warning: its incident stays open, resolve it there: ${sanitise(closing.reason)}\n`)
    }
    await print(call, common, { id, delivery, took })
    return delivery.type === 'delivered' ? 0 : 1
  } finally {
    await store.close()
  }
}

function findReceiver({ alerting }: Manifests, id: string): Receiver {
  const found = alerting.receivers.find(({ name }) => `Receiver/${name}` === id)
  if (found) return found
  const known = alerting.receivers.map(({ name }) => `Receiver/${name}`)
  const meant = suggest(id, known)
  throw new ReconcileError('NotFound', `No receiver ${id} is declared`, {
    hint: meant
      ? `Did you mean ${meant}?`
      : known.length > 0
        ? `Declared receivers: ${known.join(', ')}.`
        : 'Declare one with `kind: Receiver`; docs/alerts.md shows how.',
  })
}

async function print(
  call: Invocation,
  { output }: Pick<CommonOptions, 'output'>,
  { id, delivery, took }: { readonly id: string; readonly delivery: Delivery; readonly took: number },
): Promise<void> {
  const reason = delivery.type === 'delivered' ? null : delivery.reason
  if (output === 'json' || output === 'yaml') {
    await printDocument(call, output, {
      formatVersion: '1',
      receiver: id,
      delivered: reason === null,
      reason,
      tookMs: took,
    })
    return
  }
  call.out.write(
    reason === null
      ? `${sanitise(id)} took the test message in ${formatDuration(took)}.\n`
      : `${sanitise(id)} was not told: ${reason}.\n`,
  )
}
