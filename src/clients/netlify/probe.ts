import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import type { HttpLine } from '../net/http-line.ts'

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
  { line, clock }: { readonly line: HttpLine; readonly clock: Clock },
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const begunAt = clock.monotonic()
  const took = () => Math.round(clock.monotonic() - begunAt)
  try {
    const status = await line.ask({
      method: 'GET',
      url: request.url,
      headers: { 'user-agent': 'reconciled', 'cache-control': 'no-cache' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(request.timeout)]),
    })
    return { status, took: took() }
  } catch {
    signal.throwIfAborted()
    return { status: undefined, took: took() }
  }
}
