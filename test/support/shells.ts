import { ensureProgram } from './debian.ts'

/** The shells that completion is tried in, as Debian has them. */
export function setup(): void {
  for (const shell of ['zsh', 'fish']) ensureProgram(shell, 'The tests of completion')
}
