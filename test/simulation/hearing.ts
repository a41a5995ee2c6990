import type { Declaration } from '../../src/core/declaration.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import type { Actor } from './actor.ts'
import { peekToken } from './peek.ts'
import type { Setting } from './setting.ts'
import { slack } from './slack.ts'

/** What a controller was told of and has not looked at since. */
export class Hearing {
  readonly #told = new Map<string, number>()
  readonly #setting: Setting
  #declared: ReadonlyMap<string, string> = new Map()

  constructor(setting: Setting) {
    this.#setting = setting
  }

  /** An event came, or a person spoke. */
  told(id: string): void {
    if (!this.#told.has(id)) this.#told.set(id, this.#setting.time.now)
  }

  /** It read the manifests: what changed in them is told. */
  declared({ resources }: Declaration): void {
    const now = new Map(resources.map(({ id, spec, controls }) => [id, JSON.stringify([spec, controls])]))
    for (const [id, text] of now) if (this.#declared.get(id) !== text) this.told(id)
    this.#declared = now
  }

  /** It asked the vendor for these. */
  looked(ids: readonly ResourceId[]): void {
    for (const id of ids) this.#told.delete(id)
  }

  /** What lives, was told of something and was not kept from looking must look, long before the interval is over. */
  check(actor: Actor): void {
    const { time, disk, rules } = this.#setting
    const isActing = actor.lease?.token === peekToken(disk) && !actor.isStopping
    if (!isActing || actor.role !== 'controller' || actor.pausedUntil > time.now) return
    for (const [id, at] of this.#told) {
      // Of what is not declared it looks at what it owns, and at nothing else.
      if (!this.#declared.has(id)) continue
      const silence = time.now - Math.max(at, actor.pausedUntil, actor.refusedAt)
      rules.check(
        'hears-what-it-is-told',
        silence <= slack,
        () => `${actor.pid} was told of ${id} ${Math.round(silence)} ms ago and has not looked`,
      )
    }
  }
}
