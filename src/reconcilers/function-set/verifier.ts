import { HttpLine } from '../../clients/net/http-line.ts'
import { probeSite } from '../../clients/netlify/probe.ts'
import type { Clock } from '../../core/clock.ts'
import { parseDuration } from '../../core/duration.ts'
import type { Verified } from './observed.ts'
import { type DesiredFunctionSet, usualPathOf } from './place.ts'
import { verifyTimeouts } from './verify-timeouts.ts'

/** Asks the published site what the manifest says, and counts how often in a row it failed on one deploy. */
export class Verifier {
  readonly #clock: Clock
  readonly #line = new HttpLine()
  readonly #failures = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async verify(
    desired: DesiredFunctionSet,
    published: { readonly url: string; readonly deployId: string },
    signal: AbortSignal,
  ): Promise<readonly Verified[]> {
    return Promise.all(
      (desired.spec.verify ?? []).map(async (request) => {
        const path = request.path ?? usualPathOf(request.function)
        const timeout = Math.min(
          parseDuration(request.timeout ?? '') ?? verifyTimeouts.usual,
          verifyTimeouts.longest,
        )
        const url = new URL(path, published.url).href
        const { status, took } = await probeSite(
          { url, timeout },
          { line: this.#line, clock: this.#clock },
          signal,
        )
        const expected = request.status ?? 200
        const isPassed = status === expected
        const key = `${published.deployId} ${path}`
        const failures = isPassed ? 0 : (this.#failures.get(key) ?? 0) + 1
        this.#failures.set(key, failures)
        return { function: request.function, path, expected, status, isPassed, failures, took }
      }),
    )
  }
}
