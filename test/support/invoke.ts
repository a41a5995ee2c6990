import type { Sink } from '../../src/cli/invocation.ts'
import { runProgram } from '../../src/cli/program.ts'

export interface Invoked {
  readonly status: number
  readonly out: string
  readonly err: string
}

export interface InvokeOptions {
  readonly cwd: string
  /** The whole environment. Default: none but HOME, which is `cwd`. */
  readonly env?: Readonly<Record<string, string>>
  /** Columns. Default: 200. */
  readonly columns?: number
  /** Whether it prints to a terminal. Default: to a pipe. */
  readonly isTerminal?: boolean
}

/** Runs `reconcile` within this process, as its main module would. */
export async function invoke(args: readonly string[], options: InvokeOptions): Promise<Invoked> {
  const texts = { out: '', err: '' }
  const sink = (name: 'out' | 'err'): Sink => ({
    write: (text) => {
      texts[name] += text
    },
    isTerminal: options.isTerminal ?? false,
    columns: options.columns ?? 200,
  })
  const status = await runProgram(args, {
    cwd: options.cwd,
    env: { HOME: options.cwd, ...options.env },
    out: sink('out'),
    err: sink('err'),
    signal: new AbortController().signal,
    version: '0.0.0',
  })
  return { status, ...texts }
}
