import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { ReconcileError } from '../../core/errors.ts'

/**
 * Reads one word. Where it is not the word that all is well, because whoever should have said it was killed, the group
 * is ended: politely first, and after five seconds (50 times a tenth) without being asked.
 */
const script = `
read -r word || word=
[ "$word" = done ] && exit 0
kill -TERM "-$1" || exit 0
n=0
while [ "$n" -lt 50 ] && kill -0 "-$1"; do sleep 0.1; n=$((n + 1)); done
kill -KILL "-$1"
exit 0`

/**
 * Ends a process group when this program dies without having ended it, by `kill -9` too: what was started is never
 * left behind. A process of its own, in a group of its own; Ctrl-C does not reach it.
 */
export class Watchdog {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'exit')
    // Told to end when it has ended already: then there is nothing to tell.
    child.stdin?.on('error', () => undefined)
  }

  /** Resolves when it watches. */
  static async over(group: number, path: string): Promise<Watchdog> {
    const child = spawn('/bin/sh', ['-c', script, 'sh', String(group)], {
      cwd: '/',
      env: { PATH: path },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    try {
      await once(child, 'spawn')
    } catch (cause) {
      throw new ReconcileError('ProgramMissing', 'Cannot start /bin/sh to watch over a script', { cause })
    }
    return new Watchdog(child)
  }

  /** The group is ended, or about to be by us: nothing is to be watched any more. */
  async dismiss(): Promise<void> {
    this.#child.stdin?.end('done\n')
    await this.#ended
  }
}
