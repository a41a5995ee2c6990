import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'

/** What one request to a published site gave. */
export interface ProbeAnswer {
  /** Undefined: none within the time. */
  readonly status: number | undefined
  /** Milliseconds. */
  readonly took: number
}

/** Asks a published site as any visitor would: no credential goes along, and a redirect is an answer of its own. */
export async function probeSite(
  request: { readonly url: string; readonly timeout: Duration },
  clock: Clock,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const begunAt = clock.monotonic()
  const took = () => Math.round(clock.monotonic() - begunAt)
  try {
    const response = await fetch(request.url, {
      headers: { 'user-agent': 'reconciled', 'cache-control': 'no-cache' },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(request.timeout)]),
    })
    await response.body?.cancel()
    return { status: response.status, took: took() }
  } catch {
    signal.throwIfAborted()
    return { status: undefined, took: took() }
  }
}
