import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import { fillPath, type OperationName, operations } from './operation.ts'
import { type Page, readFewPages, readPages } from './pages.ts'
import type { NetlifyAnswer, NetlifyTransport } from './transport.ts'

/** Milliseconds before a read is asked again. */
const readPauses = Object.freeze([250, 1000])

const uploads = Object.freeze({
  /** Milliseconds before one is tried again. */
  pauses: Object.freeze([500, 1000, 3000, 5000, 8000]),
  /** Milliseconds that one waits at most, all in all, where Netlify takes no more calls for now. */
  patience: 180_000,
  /** Bytes that a slow line sends in a second; each upload gets the time that it needs at this pace. */
  pace: 128 * 1024,
})

/** One operation of Netlify's API, with what it is asked for. */
export interface Call<T = void> {
  /** For messages: `could not <what>`. */
  readonly what: string
  readonly operation: OperationName
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Query
  readonly signal: AbortSignal
  readonly parse?: (data: unknown) => T
  /** Milliseconds that it waits where Netlify takes no more calls for now; default: none. */
  readonly patience?: Duration
}

type ParsedCall<T> = Call<T> & { readonly parse: (data: unknown) => T }

/** What is undefined is left out. */
type Query = Readonly<Record<string, string | undefined>>

/** Sends operations by their names, and understands what is answered. */
export class Requester {
  readonly #transport: NetlifyTransport

  constructor(transport: NetlifyTransport) {
    this.#transport = transport
  }

  async read<T>(call: ParsedCall<T>): Promise<T> {
    return call.parse(parseJson(await this.#ask(call), call.what))
  }

  /** Reads what may not be there; undefined: it is not. */
  async find<T>(call: ParsedCall<T>): Promise<T | undefined> {
    const answer = await this.#ask(call, [404])
    return answer.status === 404 ? undefined : call.parse(parseJson(answer, call.what))
  }

  /** What is in a list on any of its pages: what is not seen would be dropped, or made a second time. */
  readAll<T>(call: ParsedCall<readonly T[]>): Promise<readonly T[]> {
    return readPages(call.what, (page) => this.#readPage(call, page))
  }

  /** Reads a list that is short; undefined: it is not. */
  readFew<T>(call: ParsedCall<readonly T[]>): Promise<readonly T[] | undefined> {
    return readFewPages((page) => this.#readPage(call, page))
  }

  /** Sent once. `accepts`: statuses that are an answer and no failure. */
  async write<T>(call: Call<T>, body?: unknown, accepts: readonly number[] = []): Promise<T> {
    const answer = await this.#transport.send({
      what: call.what,
      isWrite: true,
      ...addressOf(call),
      ...(body !== undefined && { body: { type: 'application/json', bytes: JSON.stringify(body) } }),
      accepts,
      signal: call.signal,
    })
    return call.parse ? call.parse(parseJson(answer, call.what)) : (undefined as T)
  }

  /** Sends bytes, which is harmless twice. */
  async upload(call: Call, bytes: Uint8Array): Promise<void> {
    await this.#transport.sendAgain(
      {
        what: call.what,
        isWrite: true,
        ...addressOf(call),
        body: { type: 'application/octet-stream', bytes },
        moreTime: (1000 * bytes.byteLength) / uploads.pace,
        signal: call.signal,
      },
      {
        pauses: uploads.pauses,
        patience: uploads.patience,
        headersOf: (attempt): Readonly<Record<string, string>> =>
          attempt === 0 ? {} : { 'X-Nf-Retry-Count': String(attempt) },
      },
    )
  }

  async #readPage<T>(call: ParsedCall<readonly T[]>, page: Query): Promise<Page<T>> {
    const answer = await this.#ask({ ...call, query: { ...call.query, ...page } })
    return { entries: call.parse(parseJson(answer, call.what)), link: answer.link }
  }

  #ask(call: Call<unknown>, accepts: readonly number[] = []): Promise<NetlifyAnswer> {
    return this.#transport.sendAgain(
      { what: call.what, isWrite: false, ...addressOf(call), accepts, signal: call.signal },
      { pauses: readPauses, ...(call.patience && { patience: call.patience }) },
    )
  }
}

/** Where an operation is sent to, below the API's address. */
function addressOf({ operation, path = {}, query = {} }: Call<unknown>) {
  const { verb, path: template } = operations[operation]
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, value)
  return { verb, path: fillPath(template, path) + (given.size === 0 ? '' : `?${given}`) }
}

function parseJson(answer: NetlifyAnswer, what: string): unknown {
  try {
    return JSON.parse(answer.text)
  } catch (error) {
    throw new ReconcileError('RemoteAnswerInvalid', `Could not ${what}: Netlify's answer is not JSON`, {
      cause: error,
    })
  }
}
