import type { Duration } from '../../core/duration.ts'

/** What a vendor answered to one harmless question. */
export interface VendorAnswer {
  readonly status: number
  /** Epoch milliseconds, by the vendor's own clock; undefined: its answer does not say. */
  readonly date: number | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Undefined: it was no JSON. */
  readonly body: unknown
}

/**
 * Asks a vendor one thing, to see whether he can be reached and knows a token. The token goes to that address alone: a
 * redirect is not followed.
 */
export async function askVendor(
  url: string,
  options: {
    /** The header as it is sent. */
    readonly authorization: string
    readonly signal: AbortSignal
    readonly timeout: Duration
  },
): Promise<VendorAnswer> {
  const { authorization, signal, timeout } = options
  const response = await fetch(url, {
    headers: {
      accept: 'application/json',
      'user-agent': 'reconciled',
      authorization,
    },
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
  })
  const date = Date.parse(response.headers.get('date') ?? '')
  const text = await response.text()
  return {
    status: response.status,
    date: Number.isNaN(date) ? undefined : date,
    headers: Object.fromEntries(response.headers),
    body: jsonOf(text),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
