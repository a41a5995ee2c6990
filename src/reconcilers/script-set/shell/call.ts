/** A word of a command; undefined where only the shell knows it when it runs (`$X`, `*.js`, `~`, `$(...)`). */
export type KnownWord = string | undefined

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
}

/** A way of writing a command that says something about its result. */
export type Habit =
  | { readonly type: 'masks'; readonly text: string; readonly by: string }
  | { readonly type: 'ignores'; readonly text: string; readonly next: string }
  | { readonly type: 'background'; readonly text: string }
  | { readonly type: 'bash-only'; readonly what: string }
  | { readonly type: 'pipes-to-shell'; readonly text: string }

/** What a shell makes of the text of a script. */
export interface CommandLine {
  readonly calls: readonly Call[]
  /** Folders that `cd` goes to, relative to the package's folder. */
  readonly entered: readonly string[]
  readonly habits: readonly Habit[]
  /** Why it cannot be read; undefined: it can. */
  readonly fault: string | undefined
  readonly isEmpty: boolean
}
