import { access, constants } from 'node:fs/promises'
import { resolve } from 'node:path'
import { runGroup } from '../clients/host/run-group.ts'
import { findProgram } from '../clients/pm2/daemon/program-path.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandEnd, CommandRunner } from '../manifests/secret-command.ts'

/**
 * Runs what `fromCommand` names, each in a process group of its own: at its limit, when we are told to end and when we
 * are killed, nothing of it is left behind.
 */
export function secretCommands({
  signal,
  clock,
}: {
  readonly signal: AbortSignal
  readonly clock: Clock
}): CommandRunner {
  return async ({ command, folder, env, limit, maxBytes }) => {
    const [program = ''] = command
    const missing = await whyNotRun(program, folder, env.PATH ?? '')
    if (missing) return { type: missing }
    const chunks: Buffer[] = []
    let bytes = 0
    const tooMuch = new AbortController()
    const result = await runGroup({
      command,
      folder,
      env,
      limit,
      clock,
      signal: AbortSignal.any([signal, tooMuch.signal]),
      onOutput: (stream, chunk) => {
        if (stream === 'err') return
        bytes += chunk.length
        if (bytes > maxBytes) tooMuch.abort()
        else chunks.push(chunk)
      },
    })
    signal.throwIfAborted()
    if (bytes > maxBytes) return { type: 'too-much' }
    if (result.end === 'timed-out') return { type: 'timed-out' }
    return { type: 'exited', code: result.exitCode, output: Buffer.concat(chunks).toString('utf8') }
  }
}

/** Asked beforehand: afterwards a shell would say it in the words of the command itself. */
async function whyNotRun(
  program: string,
  folder: string,
  path: string,
): Promise<Extract<CommandEnd['type'], 'not-found' | 'not-runnable'> | undefined> {
  if (!program.includes('/'))
    return (await findProgram(program, path)) === undefined ? 'not-found' : undefined
  const place = resolve(folder, program)
  const may = (mode: number) =>
    access(place, mode).then(
      () => true,
      () => false,
    )
  if (!(await may(constants.F_OK))) return 'not-found'
  return (await may(constants.X_OK)) ? undefined : 'not-runnable'
}
