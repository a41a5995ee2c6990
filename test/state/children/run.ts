import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A program of this folder that was started by a test, which must stop it. */
export interface Child {
  readonly process: ChildProcess
  /** All that it printed so far. */
  output(): string
  /** Resolves with the whole lines printed so far once there are so many; rejects when it ends before. */
  lines(count: number): Promise<readonly string[]>
  /** Resolves with its exit code, or its signal. */
  ended(): Promise<number | string>
  kill(): Promise<void>
}

export function start(url: URL, args: readonly string[], options: { readonly uid?: number } = {}): Child {
  const child = spawn(process.execPath, [fileURLToPath(url), ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => {
    output += String(data)
  })
  child.stderr.on('data', (data) => {
    errors += String(data)
  })
  const end = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const whole = () => output.split('\n').slice(0, -1)
  return {
    process: child,
    output: () => output,
    async lines(count) {
      let hasEnded = false
      void end.then(() => {
        hasEnded = true
      })
      while (whole().length < count) {
        if (hasEnded) throw new Error(`Expected ${count} lines, got ${output}; it wrote ${errors}`)
        await Promise.race([once(child.stdout, 'data'), end])
      }
      return whole()
    },
    ended: async () => {
      const code = await end
      if (errors) throw new Error(`Expected nothing on standard error, got ${errors}`)
      return code
    },
    async kill() {
      child.kill('SIGKILL')
      await end
    },
  }
}
