import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Starts one of `children/`, and resolves with what it says first. */
export async function startChild<Said>(
  name: string,
): Promise<{ readonly child: ChildProcess; readonly said: Said }> {
  const child = fork(join(import.meta.dirname, '../children', name))
  const said = Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended before it said anything`))),
  ])
  return { child, said: (await said)[0] as Said }
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
