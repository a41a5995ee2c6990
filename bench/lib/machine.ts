import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

/** Where and of what the figures are. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly commit: string
  /** Of one minute, before anything was measured: figures of a busy machine are worth little. */
  readonly load: number
}

export function thisMachine(): Machine {
  const git = (...args: string[]) => {
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  }
  const isChanged = git('status', '--porcelain', '--untracked-files=no') !== ''
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: git('rev-parse', '--short', 'HEAD') + (isChanged ? ' with changes' : ''),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}
