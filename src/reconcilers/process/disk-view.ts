import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { findProgram } from '../../clients/pm2/daemon/program-path.ts'

/**
 * The disk as one reading sees it: each path is looked at once, and each program looked for once, however many processes
 * share them. Without Node's pool of threads, which takes ten times as long for each question.
 */
export class DiskView {
  readonly #stats = new Map<string, Stats | undefined>()
  readonly #gone = new Map<string, boolean>()
  readonly #executable = new Map<string, boolean>()
  readonly #programs = new Map<string, Promise<string | undefined>>()

  /** Undefined: there is nothing, or it may not be looked at. */
  statsOf(path: string): Stats | undefined {
    return remember(this.#stats, path, () => {
      try {
        return statSync(path, { throwIfNoEntry: false })
      } catch {
        return undefined
      }
    })
  }

  /** False also where it may not be looked at: then nobody knows. */
  isGone(path: string): boolean {
    return remember(this.#gone, path, () => {
      try {
        return statSync(path, { throwIfNoEntry: false }) === undefined
      } catch {
        return false
      }
    })
  }

  isExecutable(path: string): boolean {
    return remember(this.#executable, path, () => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
  }

  /** The first program of this name on a PATH; undefined: there is none. */
  findProgram(name: string, path: string): Promise<string | undefined> {
    return remember(this.#programs, `${name}\0${path}`, () => findProgram(name, path))
  }
}

function remember<Answer>(known: Map<string, Answer>, question: string, ask: () => Answer): Answer {
  const before = known.get(question)
  if (before !== undefined || known.has(question)) return before as Answer
  const answer = ask()
  known.set(question, answer)
  return answer
}
