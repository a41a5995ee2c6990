import type { Duration } from '../core/duration.ts'

/** A command whose standard output is a value. */
export interface SecretCommand {
  /** The program and its arguments. */
  readonly command: readonly string[]
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly limit: Duration
  /** Of its output; it is ended when it prints more. */
  readonly maxBytes: number
}

/** How it ended. What it printed on standard error may hold a secret: nothing of it is told. */
export type CommandEnd =
  | { readonly type: 'exited'; readonly code: number | undefined; readonly output: string }
  | { readonly type: 'timed-out' }
  | { readonly type: 'too-much' }
  | { readonly type: 'not-found' }
  | { readonly type: 'not-runnable' }

/** Runs one and leaves nothing of it behind. Rejects where the program that reads the manifests is told to end. */
export type CommandRunner = (command: SecretCommand) => Promise<CommandEnd>

/** An environment as a program is given it. */
export function setVariables(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
