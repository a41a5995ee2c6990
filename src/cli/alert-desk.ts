import { relative } from 'node:path'
import { Notifier } from '../alerts/notifier.ts'
import type { FleetView } from '../alerts/troubles.ts'
import { openCourier } from '../clients/net/courier.ts'
import type { Alerting } from '../core/alert.ts'
import { isError } from '../core/diagnostic.ts'
import type { Duration } from '../core/duration.ts'
import { messageOf } from '../core/errors.ts'
import type { ResourceState } from '../core/ledger.ts'
import type { Logger } from '../core/logger.ts'
import { maskMessages } from '../core/masked-messages.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Store } from '../core/store.ts'
import { withoutManifests } from '../engine/heard.ts'
import type { PassResult } from '../engine/pass.ts'
import type { Manifests } from '../manifests/read.ts'
import { sanitise } from '../reports/sanitise.ts'
import { openAlertMemory } from '../state/alert-memory.ts'
import { recordOutsideEvent } from '../state/outside-event.ts'
import type { Actor } from './actor.ts'
import { fleetStatusOf } from './fleet-status.ts'
import { allowancesOf } from './read-declaration.ts'
import type { Workspace } from './workspace.ts'

/** A fault of the controller is over when it did not show for so long. */
const faultLasts: Duration = 300_000

/**
 * Watches over what passes find, and has alerts sent. Nothing here is waited for by a pass: what it is told it keeps,
 * and the notifier works beside.
 */
export class AlertDesk {
  readonly #workspace: Workspace
  readonly #notifier: Notifier
  readonly #states: Map<ResourceId, ResourceState>
  /** When each showed last, by the monotonic clock. */
  readonly #faults = new Map<string, number>()
  readonly #sourceFaults: () => readonly string[]
  #declaration: Manifests
  #isDown = false

  private constructor(
    workspace: Workspace,
    declaration: Manifests,
    opened: {
      readonly notifier: Notifier
      readonly states: ReadonlyMap<ResourceId, ResourceState>
      readonly sourceFaults: () => readonly string[]
    },
  ) {
    this.#sourceFaults = opened.sourceFaults
    this.#workspace = workspace
    this.#declaration = declaration
    this.#notifier = opened.notifier
    this.#states = new Map(opened.states)
  }

  static async open(
    workspace: Workspace,
    input: {
      readonly store: Store
      readonly actor: Actor
      readonly declaration: Manifests
      readonly logger: Logger
      /** What keeps fetched manifests from being the newest, one sentence each. Default: nothing. */
      readonly sourceFaults?: () => readonly string[]
    },
  ): Promise<AlertDesk> {
    const { store, actor, declaration, logger, sourceFaults = () => [] } = input
    const { environment, clock, random } = workspace
    const notifier = await Notifier.open({
      memory: openAlertMemory({ store, environment, lease: actor.lease }),
      courier: openCourier({ allowedHosts: allowancesOf(workspace).hosts }),
      clock,
      random,
      logger,
      // Without the lease: a one-shot pass tells receivers when it has let go of it.
      note: (event) =>
        recordOutsideEvent({ store, environment }, { ...event, message: sanitise(event.message) }),
    })
    const { states } = await actor.ledger.load()
    const desk = new AlertDesk(workspace, declaration, { notifier, states, sourceFaults })
    desk.declare(declaration)
    return desk
  }

  /** Told of each reading of the manifests. A part of them decides about no alert, because the rest is not known. */
  declare(declaration: Manifests): void {
    this.#declaration = declaration
    const alerting = declaration.isWhole ? this.#shown(declaration.alerting) : { alerts: [], receivers: [] }
    this.#notifier.declare(alerting, declaration.isComplete && declaration.isWhole)
    this.#show()
  }

  /** Told of everything that was concluded. */
  note(result: Pick<PassResult, 'states' | 'view'>): void {
    for (const [id, state] of result.states) this.#states.set(id, state)
    // What is neither declared nor remembered any more is gone.
    const declared = new Set(this.#declaration.resources.map(({ id }) => id))
    for (const id of this.#states.keys())
      if (!declared.has(id) && !result.states.has(id) && !result.view.states.has(id)) this.#states.delete(id)
    this.#isDown = result.view.isDown
    if (this.#declaration.alerting.alerts.length > 0) this.#show()
  }

  /** Told of what kept the controller from its work. */
  noteFault(error: unknown, what: string): void {
    this.#faults.set(`${what}: ${this.#words(error)}`, this.#workspace.clock.monotonic())
    this.#show()
  }

  /** Works until the signal ends it. */
  run(signal: AbortSignal): Promise<void> {
    return this.#notifier.run(signal)
  }

  /** For a one-shot pass: writes down what is to be told now, while it may. */
  decideNow(): Promise<void> {
    this.#show()
    return this.#notifier.decideNow()
  }

  /** Tells what was decided; whoever likes may act meanwhile. Returns who could not be told yet. */
  deliver(limit: Duration, signal: AbortSignal): Promise<readonly string[]> {
    return this.#notifier.deliver(limit, signal)
  }

  /** For a controller that ends because of a fault. */
  async sayLastWords(error: unknown, limit: Duration): Promise<void> {
    await this.#notifier.sayLastWords(`the controller ended: ${this.#words(error)}`, limit)
  }

  /** What people wrote for receivers may hold what they must not see. */
  #shown({ alerts, receivers }: Alerting): Alerting {
    const { mask } = this.#workspace.call
    const shown = (words: string | undefined) => words && mask.maskForeign(words)
    return {
      alerts: alerts.map((alert) => ({ ...alert, title: shown(alert.title), text: shown(alert.text) })),
      receivers,
    }
  }

  /** What receivers may see of it. */
  #words(error: unknown): string {
    return sanitise(this.#workspace.call.mask.mask(messageOf(error)))
  }

  #show(): void {
    this.#notifier.see(this.#view())
  }

  #view(): FleetView {
    const { fleet, alerting } = this.#declaration
    // A fleet without alerts pays nothing for them.
    const resources = alerting.alerts.length > 0 ? this.#declaration.resources : []
    const { clock } = this.#workspace
    const over = clock.monotonic() - faultLasts
    for (const [message, at] of this.#faults) if (at < over) this.#faults.delete(message)
    const missing = alerting.alerts.length > 0 ? this.#declaration.missing : []
    // As `status` tells it: what nobody looks at, because its manifest is broken, is Unknown and not gone.
    const states = withoutManifests(this.#states, this.#declaration)
    const statusesOf = (ids: readonly ResourceId[]) => ids.flatMap((id) => states.get(id)?.status ?? [])
    const seen = statusesOf(resources.map(({ id }) => id))
    const isAllSeen = resources.length > 0 && seen.length === resources.length
    return {
      fleet: fleet.name,
      environment: fleet.environment,
      statuses: maskMessages([...seen, ...statusesOf(missing)], this.#workspace.call.mask),
      labels: new Map(resources.map(({ id, labels }) => [id, labels])),
      mostAttempts: new Map(resources.map(({ id, controls }) => [id, controls.recovery.maxAttempts])),
      health: isAllSeen && !this.#isDown ? fleetStatusOf(this.#declaration, states).health : undefined,
      controllerErrors: [
        ...this.#manifestFaults(),
        ...this.#sourceFaults().map((fault) => sanitise(this.#workspace.call.mask.mask(fault))),
        ...this.#faults.keys(),
      ],
      now: clock.now(),
    }
  }

  /** The first fault stands for all: they are cured one by one. */
  #manifestFaults(): readonly string[] {
    const errors = this.#declaration.diagnostics.filter(isError)
    const [first] = errors
    if (!first) return []
    const { file, line } = first.position
    const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
    const place = relative(this.#workspace.call.cwd, file)
    return [sanitise(`manifests are broken: ${place}:${line} ${first.code}${rest}`)]
  }
}
