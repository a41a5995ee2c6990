/** A word of a command; undefined where only the shell knows it when it runs (`$X`, `*.js`, `~`, `$(...)`). */
export type KnownWord = string | undefined

/**
 * A path that a command may rely on, because something earlier in the line made it or asked whether it is there.
 * Relative to the package's folder. `itself`: that it exists; `below`: that and whatever is looked for in it;
 * `executable`: that it may be executed if it exists.
 */
export interface Assurance {
  readonly path: string
  readonly covers: 'itself' | 'below' | 'executable'
}

/** One simple command, as the shell would run it. */
export interface Call {
  /** The program. */
  readonly name: string
  readonly args: readonly KnownWord[]
  /** The arguments with their quotes removed and nothing expanded: for programs that expand patterns themselves. */
  readonly written: readonly string[]
  /** As it is written, for messages; shortened. */
  readonly text: string
  /** Where it runs, relative to the package's folder; undefined: only known when it runs. */
  readonly folder: string | undefined
  /** What was made or asked for before it. */
  readonly assured: readonly Assurance[]
  /** Whether it may be a function that only the shell knows when it runs. */
  readonly mayBeFunction?: boolean
}

/** A way of writing a command that says something about its result. */
export type Habit =
  | { readonly type: 'masks'; readonly text: string; readonly by: string }
  | { readonly type: 'ignores'; readonly text: string; readonly next: string }
  | { readonly type: 'background'; readonly text: string }
  | { readonly type: 'bash-only'; readonly what: string }
  | { readonly type: 'pipes-to-shell'; readonly text: string }

/** A path that the shell itself needs, relative to the package's folder. */
export interface ShellPath {
  readonly path: string
  readonly assured: readonly Assurance[]
}

/** What a shell makes of the text of a script. */
export interface CommandLine {
  readonly calls: readonly Call[]
  /** Folders that `cd` goes to. */
  readonly entered: readonly ShellPath[]
  /** Files that are redirected to the input of a command. */
  readonly read: readonly ShellPath[]
  readonly habits: readonly Habit[]
  /** Why it cannot be read; undefined: it can. */
  readonly fault: string | undefined
  readonly isEmpty: boolean
}

/** A shell that reads a text. */
export interface ShellText {
  readonly text: string
  /** The folder that it runs in, relative to the package's folder. */
  readonly folder: string
  /** What was made or asked for before it runs. Default: nothing. */
  readonly assured?: readonly Assurance[]
  /** `bash`: a shell that knows the words of bash. Default: the sh that npm uses. */
  readonly shell?: 'sh' | 'bash'
  /** Whether a pipe fails with any of its commands. Default: only with its last one. */
  readonly hasPipefail?: boolean
}
