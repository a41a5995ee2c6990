import { runProgram } from '../../src/cli/program.ts'
import { plainEnv } from './pm2.ts'

export interface Called {
  readonly status: number
  readonly out: string
  readonly err: string
}

export interface CallOptions {
  readonly columns?: number
  readonly isTerminal?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Is told what is printed on standard output, as it comes. */
  readonly onOut?: (text: string) => void
  /** The same of standard error. */
  readonly onErr?: (text: string) => void
  /** A keyboard. */
  readonly readKeys?: (onKey: (key: string) => void) => () => void
}

/** Where a verb of every kind is printed to: a person's terminal, narrow or wide, and a pipe. */
export const pages = [
  { name: 'terminal-80', columns: 80, isTerminal: true },
  { name: 'terminal-200', columns: 200, isTerminal: true },
  { name: 'pipe-80', columns: 80, isTerminal: false },
  { name: 'pipe-200', columns: 200, isTerminal: false },
] as const

/** Runs a verb in this process, as `main` would: the caller's folder, its environment and where it prints are given. */
export async function callVerb(
  folder: string,
  args: readonly string[],
  options: CallOptions = {},
): Promise<Called> {
  const { columns = 200, isTerminal = false, signal = new AbortController().signal } = options
  let out = ''
  let err = ''
  const status = await runProgram(args, {
    cwd: folder,
    env: { ...plainEnv, HOME: folder, PM2_HOME: `${folder}/p`, ...options.env },
    out: {
      write: (text) => {
        out += text
        options.onOut?.(text)
      },
      isTerminal,
      columns,
    },
    err: {
      write: (text) => {
        err += text
        options.onErr?.(text)
      },
      isTerminal,
      columns,
    },
    signal,
    version: '0.0.0-test',
    readKeys: options.readKeys,
  })
  return { status, out, err }
}

/** Makes the colours of a terminal readable, so that a golden shows them. */
export function shownColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is shown.
  return text.replace(/\u001b\[(\d+)m/g, '<$1>')
}
