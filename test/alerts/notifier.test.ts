import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Notifier } from '../../src/alerts/notifier.ts'
import type { FleetView } from '../../src/alerts/troubles.ts'
import type { Alert, Alerting, Notice } from '../../src/core/alert.ts'
import type { Courier, Delivery, OutgoingMessage } from '../../src/core/courier.ts'
import { ReconcileError } from '../../src/core/errors.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { resourceId } from '../../src/core/resource.ts'
import type { ResourceStatus } from '../../src/core/status.ts'
import type { Store } from '../../src/core/store.ts'
import { openAlertMemory } from '../../src/state/alert-memory.ts'
import type { Fence } from '../../src/state/fence.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { FakeClock, settle } from '../state/fake-clock.ts'
import { realRandom, takeFence } from '../state/fixtures.ts'

const minute = 60_000
const onCall: Alert = {
  name: 'on-call',
  receivers: ['a', 'b'],
  on: ['Degraded'],
  severity: 'info',
  kinds: undefined,
  labels: undefined,
  groupBy: [],
  groupWait: 10_000,
  groupInterval: 5 * minute,
  repeatInterval: 48 * 60 * minute,
  sendResolved: true,
  title: undefined,
  text: undefined,
}
const alerting: Alerting = {
  alerts: [onCall],
  receivers: ['a', 'b'].map((name) => ({
    name,
    target: { type: 'webhook', url: `https://${name}.example/`, secret: undefined, token: undefined },
    unusable: undefined,
  })),
}

/** What a receiver gets, as far as these tests look at it. */
interface Got {
  readonly to: string
  readonly id: string
  readonly status: string
  readonly firing: number
  readonly resolved: number
  /** Told no longer, though nobody saw it end. */
  readonly withdrawn: number
  /** What its messages have in common from the first to the last: an incident of PagerDuty's. */
  readonly thread: string
}

const delivered: Delivery = { type: 'delivered' }
const failed: Delivery = { type: 'failed', reason: 'it answered with 500', retryAfter: undefined }

let clock: FakeClock
let store: Store
let fence: Fence
let got: Got[]
let events: string[]
/** How each receiver answers; `hang`: never. */
let answers: Record<string, Delivery | 'hang' | 'die'>
let ends: AbortController[]

beforeEach(async () => {
  clock = new FakeClock()
  store = openMemoryStore()
  fence = await takeFence(store)
  got = []
  events = []
  answers = { a: delivered, b: delivered }
  ends = []
})
afterEach(async () => {
  for (const end of ends) end.abort(new Error('the test is over'))
  await clock.advance(minute)
})

/** A program that tells: it ends with `kill`, as if it had been killed. */
async function start(declared = alerting) {
  let isDead = false
  const courier: Courier = {
    async send(message: OutgoingMessage, signal) {
      if (message.type !== 'http') throw new TypeError('Expected a webhook')
      const to = new URL(message.url).hostname.slice(0, 1)
      const { id, status, firing, resolved, withdrawn, groupKey } = JSON.parse(message.body)
      const counts = { firing: firing.length, resolved: resolved.length, withdrawn: withdrawn?.length ?? 0 }
      got.push({ to, id, status, ...counts, thread: groupKey })
      const answer = answers[to] ?? delivered
      if (answer === 'die') isDead = true
      if (typeof answer === 'object') return answer
      if (answer === 'die') return delivered
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    },
  }
  const memory = openAlertMemory({ store, environment: undefined, lease: fence })
  const notifier = await Notifier.open({
    memory: {
      ...memory,
      async commit(changes) {
        if (isDead) throw new ReconcileError('LeaseLost', 'killed')
        await memory.commit(changes)
      },
      async conclude(notice, next) {
        if (isDead) throw new ReconcileError('LeaseLost', 'killed')
        return memory.conclude(notice, next)
      },
    },
    courier,
    clock,
    random: { ...realRandom, next: () => 0.5 },
    logger: silentLogger,
    note: async ({ reason, id }) => {
      events.push(`${reason} ${id}`)
    },
  })
  notifier.declare(declared, true)
  const end = new AbortController()
  ends.push(end)
  void notifier.run(end.signal)
  return { notifier, kill: () => end.abort(new Error('killed')) }
}

function statusOf(name: string): ResourceStatus {
  return {
    id: resourceId('Process', name),
    sync: 'Synced',
    health: 'Degraded',
    reason: 'Exited',
    message: 'exit code 1',
    observedAt: 0,
    attempts: 0,
    nextAttemptAt: undefined,
    lastAction: undefined,
    conditions: [],
    children: [],
    critical: false,
    isExcused: false,
  }
}

function see(
  notifier: Notifier,
  degraded: readonly string[],
  others: readonly Pick<ResourceStatus, 'id' | 'health' | 'message'>[] = [],
  labels: FleetView['labels'] = new Map(),
): void {
  notifier.see({
    fleet: 'acme',
    environment: undefined,
    statuses: [...degraded.map(statusOf), ...others.map((own) => ({ ...statusOf('x'), ...own }))],
    labels,
    mostAttempts: new Map(),
    health: undefined,
    controllerErrors: [],
    now: clock.now(),
  })
}

const hundred = Array.from({ length: 100 }, (_, n) => `p${n}`)
const kept = (): Promise<readonly Notice[]> => openAlertMemory({ store, environment: undefined }).notices()
/** How many threads were begun and not ended, for each receiver: incidents that stay open. */
const openThreads = () => {
  const open = new Set<string>()
  for (const { to, thread, status } of got)
    status === 'resolved' ? open.delete(`${to} ${thread}`) : open.add(`${to} ${thread}`)
  return open.size
}
const briefly = () => got.map(({ to, status, firing, resolved }) => `${to} ${status} ${firing}/${resolved}`)

describe('a storm', () => {
  it('is one message a receiver however it comes in, and one at its end', async () => {
    const { notifier } = await start()
    for (let n = 1; n <= 100; n++) {
      see(notifier, hundred.slice(0, n))
      await clock.advance(50)
    }
    await clock.advance(2 * minute)
    expect(briefly()).toEqual(['a firing 100/0', 'b firing 100/0'])
    for (let n = 99; n >= 0; n--) {
      see(notifier, hundred.slice(0, n))
      await clock.advance(50)
    }
    await clock.advance(2 * minute)
    expect(briefly().slice(2)).toEqual(['a resolved 0/100', 'b resolved 0/100'])
    await clock.advance(60 * minute)
    expect(got).toHaveLength(4)
    expect(await kept()).toEqual([])
  })
})

describe('what nobody knows to be over', () => {
  it('is not told as resolved: not what cannot be read, and not what is on its way', async () => {
    const { notifier } = await start()
    const api = (health: ResourceStatus['health']) => [
      { id: resourceId('Process', 'api'), health, message: 'says what is seen' },
    ]
    see(notifier, ['api'])
    await clock.advance(minute)
    for (const health of ['Unknown', 'Progressing', 'Missing', 'Unknown', 'Progressing'] as const) {
      see(notifier, [], api(health))
      await clock.advance(60 * minute)
    }
    see(notifier, ['api'])
    await clock.advance(60 * minute)
    expect(briefly()).toEqual(['a firing 1/0', 'b firing 1/0'])
    see(notifier, [], api('Healthy'))
    await clock.advance(minute)
    expect(briefly().slice(2)).toEqual(['a resolved 0/1', 'b resolved 0/1'])
  })

  it('never begins a message: only what was told stays open', async () => {
    const { notifier } = await start()
    see(notifier, ['api'])
    await clock.advance(2000)
    see(notifier, [], [{ id: resourceId('Process', 'api'), health: 'Progressing', message: 'starts' }])
    await clock.advance(60 * minute)
    expect(got).toEqual([])
  })

  it('is one end with what else was wrong', async () => {
    const { notifier } = await start()
    see(notifier, ['api', 'web'])
    await clock.advance(minute)
    see(notifier, [], [{ id: resourceId('Process', 'api'), health: 'Progressing', message: 'starts' }])
    await clock.advance(10 * minute)
    expect(briefly().slice(2)).toEqual(['a firing 1/1', 'b firing 1/1'])
    see(notifier, [])
    await clock.advance(minute)
    expect(briefly().slice(4)).toEqual(['a resolved 0/1', 'b resolved 0/1'])
  })
})

describe('a receiver that hangs', () => {
  it('holds up no other, and has one message waiting however much happens', async () => {
    answers.a = 'hang'
    const { notifier } = await start()
    for (let round = 0; round < 20; round++) {
      see(notifier, hundred.slice(0, (round % 3) * 10))
      await clock.advance(6 * minute)
    }
    expect(briefly().filter((line) => line.startsWith('a'))).toHaveLength(1)
    expect(briefly().filter((line) => line.startsWith('b')).length).toBeGreaterThan(10)
    expect(await kept()).toHaveLength(1)
  })
})

describe('a receiver that fails', () => {
  it('is tried within bounds, more and more slowly, and then given up', async () => {
    answers.a = failed
    const { notifier } = await start()
    see(notifier, ['x'])
    const begun = clock.now()
    await clock.advance(30 * 60 * minute)
    const tries = got.filter(({ to }) => to === 'a')
    expect(tries).toHaveLength(80)
    expect(new Set(tries.map(({ id }) => id)).size).toBe(1)
    expect(events.filter((event) => event === 'AlertGivenUp Receiver/a')).toHaveLength(1)
    expect(events.filter((event) => event === 'AlertDelayed Receiver/a')).toHaveLength(79)
    expect(await kept()).toEqual([])
    expect(clock.now() - begun).toBe(30 * 60 * minute)
    // The next repetition tries anew.
    await clock.advance(20 * 60 * minute)
    expect(got.filter(({ to }) => to === 'a').length).toBeGreaterThan(80)
  })

  it.each([2, 12, 22])('hears of the end though it was away for %i hours', async (hours) => {
    const { notifier } = await start()
    see(notifier, ['x'])
    await clock.advance(minute)
    answers.a = failed
    see(notifier, [])
    await clock.advance(hours * 60 * minute)
    got.length = 0
    answers.a = delivered
    await clock.advance(25 * minute)
    expect(briefly()).toEqual(['a resolved 0/1'])
  })

  it('is left alone for as long as it asks', async () => {
    answers.a = { ...failed, retryAfter: 30 * minute }
    const { notifier } = await start()
    see(notifier, ['x'])
    await clock.advance(29 * minute)
    expect(got.filter(({ to }) => to === 'a')).toHaveLength(1)
    await clock.advance(2 * minute)
    expect(got.filter(({ to }) => to === 'a')).toHaveLength(2)
  })

  it('is not tried again where it would fail again', async () => {
    answers.a = { type: 'refused', reason: 'it answered with 404' }
    const { notifier } = await start()
    see(notifier, ['x'])
    await clock.advance(60 * minute)
    expect(briefly()).toEqual(['a firing 1/0', 'b firing 1/0'])
    expect(events.sort()).toEqual(['AlertGivenUp Receiver/a', 'AlertSent Receiver/b'])
  })

  it('hears at its return what is so then, with all that ended meanwhile', async () => {
    answers.a = failed
    const { notifier } = await start()
    see(notifier, ['x', 'y'])
    await clock.advance(minute)
    see(notifier, [])
    await clock.advance(minute)
    got.length = 0
    answers.a = delivered
    await clock.advance(30 * minute)
    expect(briefly()).toEqual(['a resolved 0/2'])
  })
})

describe('a clock that is set back', () => {
  it('keeps nobody waiting who could not be told', async () => {
    answers.a = failed
    const { notifier } = await start()
    see(notifier, ['x'])
    await clock.advance(minute)
    got.length = 0
    answers.a = delivered
    clock.setBack(6 * 60 * minute)
    await clock.advance(10 * minute)
    expect(briefly()).toEqual(['a firing 1/0'])
  })

  it('keeps nobody waiting of whom the next message is decided on', async () => {
    answers.a = failed
    const { notifier } = await start()
    see(notifier, ['x'])
    await clock.advance(minute)
    got.length = 0
    answers.a = delivered
    clock.setBack(6 * 60 * minute)
    see(notifier, [])
    await clock.advance(10 * minute)
    expect(briefly()).toContain('a resolved 0/1')
  })

  it('makes a program that ends wait no longer for its receivers', async () => {
    answers.a = failed
    const { notifier, kill } = await start()
    kill()
    await clock.advance(minute)
    see(notifier, ['x'])
    await notifier.decideNow()
    let isOver = false
    const telling = notifier.deliver(minute, new AbortController().signal).then(() => {
      isOver = true
    })
    await clock.advance(minute / 2)
    clock.setBack(6 * 60 * minute)
    await clock.advance(minute)
    expect(isOver).toBe(true)
    await telling
  })
})

describe('a program that acts while another one still tells', () => {
  it('does not tell the same, and takes over what that one could not', async () => {
    answers.a = 'hang'
    const first = await start()
    see(first.notifier, ['x'])
    await clock.advance(12_000)
    expect(briefly()).toEqual(['a firing 1/0', 'b firing 1/0'])

    const second = await start()
    see(second.notifier, ['x'])
    await clock.advance(5_000)
    expect(got).toHaveLength(2)
    first.kill()
    answers.a = delivered
    await clock.advance(minute)
    expect(got.slice(2).map(({ to, id }) => `${to} ${id}`)).toEqual([`a ${got[0]?.id}`])
    expect(await kept()).toEqual([])
  })

  it('leaves what the other told as told', async () => {
    answers.b = 'hang'
    const first = await start()
    see(first.notifier, ['x'])
    await clock.advance(25_000)
    // Opened before the first one was told of its success.
    const second = await start()
    await clock.advance(minute)
    see(second.notifier, ['x'])
    await clock.advance(minute)
    expect(got.filter(({ to }) => to === 'a')).toHaveLength(1)
  })
})

describe('a restart', () => {
  it('repeats nothing that was told, and tells the end of it', async () => {
    const first = await start()
    see(first.notifier, ['x'])
    await clock.advance(minute)
    first.kill()
    await clock.advance(minute)
    const second = await start()
    see(second.notifier, ['x'])
    await clock.advance(10 * minute)
    expect(got).toHaveLength(2)
    see(second.notifier, [])
    await clock.advance(minute)
    expect(briefly().slice(2)).toEqual(['a resolved 0/1', 'b resolved 0/1'])
  })

  it('sends what was decided and not sent', async () => {
    answers = { a: 'hang', b: 'hang' }
    const first = await start()
    see(first.notifier, ['x'])
    await clock.advance(minute)
    const ids = got.map(({ id }) => id).sort()
    first.kill()
    await clock.advance(minute)
    answers = { a: delivered, b: delivered }
    got.length = 0
    const second = await start()
    see(second.notifier, ['x'])
    await clock.advance(10 * minute)
    expect(got.map(({ id }) => id).sort()).toEqual(ids)
    expect(await kept()).toEqual([])
  })

  it('repeats once, under the same id, what was sent and not written down', async () => {
    answers = { a: 'die', b: 'hang' }
    const first = await start()
    see(first.notifier, ['x'])
    await clock.advance(minute)
    first.kill()
    answers = { a: delivered, b: delivered }
    await clock.advance(minute)
    for (let restart = 0; restart < 3; restart++) {
      const next = await start()
      see(next.notifier, ['x'])
      await clock.advance(5 * minute)
      next.kill()
      await clock.advance(minute)
    }
    const toA = got.filter(({ to }) => to === 'a')
    expect(toA).toHaveLength(2)
    expect(new Set(toA.map(({ id }) => id)).size).toBe(1)
  })

  it('forgets what is no longer declared only where all manifests could be read', async () => {
    answers = { a: failed, b: delivered }
    const { notifier } = await start()
    see(notifier, ['x'])
    await clock.advance(minute)
    notifier.declare({ alerts: [], receivers: [] }, false)
    await clock.advance(minute)
    expect(await kept()).toHaveLength(1)
    notifier.declare({ alerts: [], receivers: [] }, true)
    await clock.advance(minute)
    expect(await kept()).toEqual([])
    await settle()
  })
})

describe('a declaration that changes while something is wrong', () => {
  const withdrawn = () => got.map(({ to, status, ...n }) => `${to} ${status} ${n.resolved}/${n.withdrawn}`)
  const tiers = new Map(['api', 'web'].map((name) => [resourceId('Process', name), { tier: name }]))
  const edited = (own: Partial<Alert>): Alerting => ({ ...alerting, alerts: [{ ...onCall, ...own }] })
  const otherwise: readonly (readonly [string, Alerting, readonly string[]])[] = [
    ['is removed', { ...alerting, alerts: [] }, ['a resolved 0/1', 'b resolved 0/1']],
    ['tells of other kinds', edited({ kinds: ['Workflow'] }), ['a resolved 0/1', 'b resolved 0/1']],
    ['tells only of worse', edited({ severity: 'critical' }), ['a resolved 0/1', 'b resolved 0/1']],
    ['tells another receiver alone', edited({ receivers: ['b'] }), ['a resolved 0/1']],
  ]

  it.each(otherwise)(
    'ends what was told, and says of nothing that it is well: an alert that %s',
    async (...[, declared, ended]) => {
      const { notifier } = await start()
      see(notifier, ['api'])
      await clock.advance(minute)
      notifier.declare(declared, false)
      if (declared.alerts.length === 0) {
        await clock.advance(minute)
        expect(got).toHaveLength(2)
      }
      notifier.declare(declared, true)
      await clock.advance(minute)
      expect(withdrawn().slice(2)).toEqual(ended)
      await clock.advance(60 * minute)
      expect(got).toHaveLength(2 + ended.length)
    },
  )

  it('leaves no incident open where an alert got another name', async () => {
    const { notifier } = await start()
    see(notifier, ['api'])
    await clock.advance(minute)
    notifier.declare(edited({ name: 'renamed' }), true)
    await clock.advance(minute)
    expect(openThreads()).toBe(2)
    see(notifier, [])
    await clock.advance(minute)
    expect(openThreads()).toBe(0)
  })

  it('ends it after a restart as well, and not where the end was never wanted', async () => {
    for (const sendResolved of [true, false]) {
      got.length = 0
      const first = await start(edited({ sendResolved }))
      see(first.notifier, ['api'])
      await clock.advance(minute)
      first.kill()
      await clock.advance(minute)
      const second = await start({ ...alerting, alerts: [] })
      see(second.notifier, [])
      await clock.advance(minute)
      expect(withdrawn().slice(2)).toEqual(sendResolved ? ['a resolved 0/1', 'b resolved 0/1'] : [])
      second.kill()
      await clock.advance(minute)
    }
  })

  it('keeps what was told in its group, whatever the alert groups by now, until it ends', async () => {
    const { notifier } = await start()
    see(notifier, ['api', 'web'], [], tiers)
    await clock.advance(minute)
    notifier.declare(edited({ groupBy: ['label:tier'] }), true)
    await clock.advance(60 * minute)
    expect(briefly()).toEqual(['a firing 2/0', 'b firing 2/0'])
    see(notifier, ['web'], [], tiers)
    await clock.advance(10 * minute)
    see(notifier, [], [], tiers)
    await clock.advance(10 * minute)
    see(notifier, ['web'], [], tiers)
    await clock.advance(minute)
    expect(briefly().filter((line) => line.startsWith('a'))).toEqual([
      'a firing 2/0',
      'a firing 1/1',
      'a resolved 0/1',
      'a firing 1/0',
    ])
    expect(new Set(got.map(({ thread }) => thread)).size).toBe(2)
  })

  it('keeps what was told in its group though its label changed, or its manifest is broken', async () => {
    const declared = edited({ groupBy: ['label:tier'], labels: { on: 'call' } })
    const labelled = (tier: string) => new Map([[resourceId('Process', 'api'), { on: 'call', tier }]])
    const { notifier } = await start(declared)
    see(notifier, ['api'], [], labelled('core'))
    await clock.advance(minute)
    see(notifier, ['api'], [], labelled('edge'))
    await clock.advance(60 * minute)
    see(notifier, ['api'], [], new Map())
    await clock.advance(60 * minute)
    expect(briefly()).toEqual(['a firing 1/0', 'b firing 1/0'])
  })

  it('tells a receiver that is new what goes on, and nobody else again', async () => {
    const { notifier } = await start(edited({ receivers: ['a'] }))
    see(notifier, ['api'])
    await clock.advance(minute)
    notifier.declare(alerting, true)
    await clock.advance(minute)
    expect(briefly()).toEqual(['a firing 1/0', 'b firing 1/0'])
    await clock.advance(60 * minute)
    expect(got).toHaveLength(2)
  })

  it('says of a receiver that went with its alert that it was not told', async () => {
    const { notifier } = await start()
    see(notifier, ['api'])
    await clock.advance(minute)
    notifier.declare({ alerts: [], receivers: alerting.receivers.slice(0, 1) }, true)
    await clock.advance(minute)
    expect(withdrawn().slice(2)).toEqual(['a resolved 0/1'])
    expect(events.filter((event) => event.startsWith('AlertGivenUp'))).toEqual(['AlertGivenUp Receiver/b'])
    expect(await kept()).toEqual([])
  })

  it('says nothing of what was never told', async () => {
    const { notifier } = await start()
    see(notifier, ['api'])
    await clock.advance(2000)
    notifier.declare({ ...alerting, alerts: [] }, true)
    await clock.advance(60 * minute)
    expect(got).toEqual([])
  })
})
