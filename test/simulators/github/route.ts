import type { Renderer } from './render.ts'
import type { SimulatedRepository, SimulatedWorld } from './world.ts'

export interface Answer {
  readonly status: number
  /** Undefined: no body. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Call {
  readonly world: SimulatedWorld
  readonly render: Renderer
  readonly repository: SimulatedRepository
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  readonly apiVersion: string
  /** Whether a dispatch may ask for its run. */
  readonly tellsRuns: boolean
  /** Milliseconds that lists from the search index lag behind. */
  readonly lag: number
  /** Whether lists show runs that were run again as they were before. */
  readonly showsOlderAttempts: boolean
  /** Puts a text into the store of logs, which is another host; its address there. */
  store(text: string): string
}

export interface Route {
  /** The name that faults and hooks know it by. */
  readonly name: string
  readonly method: string
  /** As GitHub's description writes it. */
  readonly path: string
  readonly isList?: boolean
  answer(call: Call): Answer
}

export const notFound: Answer = {
  status: 404,
  body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
}
export const refuse = (status: number, message: string): Answer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
})
export const repo = '/repos/{owner}/{repo}'

export function pageOf<T>(items: readonly T[], query: URLSearchParams): readonly T[] {
  const size = Math.min(100, Number(query.get('per_page') ?? 30))
  const page = Number(query.get('page') ?? 1)
  return items.slice((page - 1) * size, page * size)
}
