import type { SimulatedDeploy, SimulatedSite } from './world.ts'

export interface Answer {
  readonly status: number
  readonly body?: unknown
}

/** One call, with what its address and its body say. */
export interface Asked {
  readonly sites: readonly SimulatedSite[]
  /** Teams that the credential sees. */
  readonly accounts: readonly string[]
  /** Of the address; undefined: the call is about none. */
  readonly site: SimulatedSite | undefined
  readonly deploy: SimulatedDeploy | undefined
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly json: Readonly<Record<string, unknown>>
  readonly bytes: Buffer
  /** Whether a list tells what was before the last change. */
  readonly isStale: boolean
  /** Whether the next deploy's processing fails. */
  readonly failsProcessing: boolean
}

export interface Route {
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly answer: (asked: Asked) => Answer
}

export const notFound: Answer = { status: 404, body: { code: 404, message: 'Not Found' } }
export const tooMany: Answer = { status: 429, body: { code: 429, message: 'Too Many Requests' } }
export const refuse = (message: string): Answer => ({ status: 422, body: { code: 422, message } })

export type OfSite = Asked & { readonly site: SimulatedSite }
export type OfDeploy = OfSite & { readonly deploy: SimulatedDeploy }

export const ofSite =
  (answer: (asked: OfSite) => Answer) =>
  (asked: Asked): Answer =>
    asked.site ? answer({ ...asked, site: asked.site }) : notFound
export const ofDeploy =
  (answer: (asked: OfDeploy) => Answer) =>
  (asked: Asked): Answer =>
    asked.site && asked.deploy ? answer({ ...asked, site: asked.site, deploy: asked.deploy }) : notFound
