import type { ChildProcess } from 'node:child_process'
import { on } from 'node:events'
import { endChild, startChild } from './child.ts'

/** Calls since they were last asked for. */
export interface WorldSummary {
  readonly requests: number
  /** Of those, what GitHub counts against the limit. */
  readonly counted: number
}

export type WorldMessage =
  | { readonly type: 'ready'; readonly url: string }
  /** Something is being changed; epoch milliseconds. */
  | { readonly type: 'write'; readonly path: string; readonly at: number }
  | { readonly type: 'calls'; readonly calls: WorldSummary }

/** 100 repositories, `acme/r0` and so on, of ten workflows each, `w0.yml` and so on, in a process of its own. */
export class GithubWorld {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(): Promise<GithubWorld> {
    const { child, said } = await startChild<WorldMessage>('github-world.ts')
    if (said.type !== 'ready') throw new Error(`GitHub in miniature said ${said.type} first`)
    return new GithubWorld(child, said.url)
  }

  /** Calls since this was last asked. */
  async calls(): Promise<WorldSummary> {
    const answer = this.#await((message) => (message.type === 'calls' ? message.calls : undefined))
    this.#child.send('calls')
    return answer
  }

  /** Epoch milliseconds at which the next change in this repository comes; listens from the call on. */
  nextWrite(repository: string): Promise<number> {
    return this.#await((message) =>
      message.type === 'write' && message.path.includes(`/${repository}/actions/workflows/`)
        ? message.at
        : undefined,
    )
  }

  close(): Promise<void> {
    return endChild(this.#child)
  }

  async #await<T>(pick: (message: WorldMessage) => T | undefined): Promise<T> {
    for await (const [message] of on(this.#child, 'message', { signal: AbortSignal.timeout(120_000) })) {
      const picked = pick(message as WorldMessage)
      if (picked !== undefined) return picked
    }
    throw new Error('GitHub in miniature ended')
  }
}
