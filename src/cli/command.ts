import type { Command } from 'commander'
import type { ExitStatus, Invocation } from './invocation.ts'
import type { CommonOptions } from './options.ts'

/** What a verb does. Its code is loaded when it is called, and no other's. */
export type Verb = (invocation: Invocation, common: CommonOptions, command: Command) => Promise<ExitStatus>

/** What a command is declared with. */
export interface Declare {
  /** Adds a verb to the program. */
  verb(name: string, description: string, options?: { readonly isDefault?: boolean }): Command
  /** Runs a verb with the options that every verb has, and reports what it throws. */
  run(verb: Verb): (...received: unknown[]) => Promise<void>
}

/** Declares the words and options of one verb: all that is loaded of it until it is called. */
export type Register = (declare: Declare) => void
