import type { ResourceId } from '../../core/resource.ts'
import type { SettleListener } from '../../engine/settle.ts'
import { sanitise } from '../../reports/sanitise.ts'
import type { Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'

/** Shows on a terminal what a pass does and for whom it waits; one line that is written over. Elsewhere silent. */
export class Progress implements SettleListener {
  readonly #call: Invocation
  readonly #isShown: boolean
  #hasLine = false

  constructor(call: Invocation, common: Pick<CommonOptions, 'quiet'>) {
    this.#call = call
    this.#isShown = call.err.isTerminal && !common.quiet
  }

  started: NonNullable<SettleListener['started']> = (finding, action) => {
    this.say(`${finding.id}: ${action.summary}`)
  }

  progressed: NonNullable<SettleListener['progressed']> = (finding, progress) => {
    this.say(`${finding.id}: ${progress}`)
  }

  round: NonNullable<SettleListener['round']> = (result, pending) => {
    const all = result.findings.filter((finding) => finding.desired && !finding.isContext)
    const healthy = all.filter(
      (finding) => finding.assessment.status === 'Healthy' && finding.actions.length === 0,
    )
    if (pending.size > 0)
      this.say(`${healthy.length} of ${all.length} healthy, waiting for ${listed(pending)}`)
  }

  /** Replaces the line. */
  say(text: string): void {
    if (!this.#isShown) return
    // While it is whole: it is cut to the width.
    const clean = sanitise(this.#call.mask.mask(text))
    const width = Math.max(20, this.#call.err.columns - 1)
    this.#call.err.write(`\r\u001B[2K${clean.length > width ? `${clean.slice(0, width - 1)}…` : clean}`)
    this.#hasLine = true
  }

  /** Takes the line away, so that a result stands on a clean one. */
  end(): void {
    if (this.#hasLine) this.#call.err.write('\r\u001B[2K')
    this.#hasLine = false
  }
}

function listed(ids: ReadonlySet<ResourceId>): string {
  const [first, second, ...rest] = [...ids]
  const names = second === undefined ? `${first}` : `${first}, ${second}`
  return rest.length > 0 ? `${names} and ${rest.length} more` : names
}
