import type { WorkflowRecord } from '../../clients/github/workflow-record.ts'
import type { Duration } from '../../core/duration.ts'

/** Milliseconds after which GitHub is asked again in any case. */
const longestTrust: Duration = 1_800_000

/**
 * Workflows that GitHub said do not exist. He says it with a 404, which counts against the limit each time: while his
 * list of workflows, which is free, stays the same, he is not asked again.
 */
export class MissingWorkflows {
  readonly #known = new Map<string, { readonly list: string; readonly at: number }>()

  isKnown(name: string, list: readonly WorkflowRecord[], now: number): boolean {
    const known = this.#known.get(name)
    if (known?.list !== printOf(list)) return false
    // One that lies ahead was before the clock was set back.
    return now >= known.at && now - known.at < longestTrust
  }

  add(name: string, list: readonly WorkflowRecord[], now: number): void {
    this.#known.set(name, { list: printOf(list), at: now })
  }
}

function printOf(list: readonly WorkflowRecord[]): string {
  return list.map(({ id, path, state }) => `${id} ${path} ${state}`).join('\n')
}
