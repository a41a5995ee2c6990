import type { Assurance } from './call.ts'

/** What a shell carries from one command to the next. */
export interface ShellState {
  /** Where it stands, relative to the package's folder; undefined: only known when it runs. */
  readonly folder: string | undefined
  /** What was asked for and is there. */
  readonly tested: readonly Assurance[]
}

/** What holds after either of two ways was taken; undefined is a way that never comes here. */
export function meet(a: ShellState | undefined, b: ShellState | undefined): ShellState | undefined {
  if (!a || !b) return a ?? b
  return {
    folder: a.folder === b.folder ? a.folder : undefined,
    tested: a.tested.filter((one) => b.tested.some(({ path }) => path === one.path)),
  }
}

/** The same, knowing more of what is there. */
export function knowing(state: ShellState, proven: readonly Assurance[]): ShellState {
  return proven.length === 0 ? state : { ...state, tested: [...state.tested, ...proven] }
}
